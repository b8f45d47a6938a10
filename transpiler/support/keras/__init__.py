"""Support code for Keras ports: torch's classes and functions with torch's signatures, computed by ``keras.ops`` alone."""
