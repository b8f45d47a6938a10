"""Which models of transformers ``make conformance`` compares: expressions below the package's ``models``, in the smallest configuration of each
family.

Each base model with the eager attention unless its row says otherwise.
"""

from __future__ import annotations

from conformance_models import Models

IDS = "input_ids=int64[3,100]:2,12"
MASK = "attention_mask=int64[1,2]:2,12"
SEQ2SEQ = f"{IDS} decoder_input_ids=int64[3,100]:2,9"
PIXELS = "pixel_values=2,3,32,32"
#: The sizes of a decoder or encoder of two layers, and of one that calls them otherwise.
TEXT = "vocab_size=100, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, max_position_embeddings=40"
SEQ2SEQ_SIZES = (
    "vocab_size=100, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4, "
    "encoder_ffn_dim=64, decoder_ffn_dim=64, max_position_embeddings=40, pad_token_id=1, bos_token_id=0, eos_token_id=2, decoder_start_token_id=2"
)
VISION = "hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, image_size=32, patch_size=8"

TRANSFORMERS: Models = {
    "mindspore": {
        "bert": (f"bert.modeling_bert:BertModel(BertConfig({TEXT}))", f"{IDS} {MASK}"),
        "bert_sdpa": (
            f"bert.modeling_bert:BertModel(BertConfig({TEXT}, attn_implementation='sdpa'))",
            f"{IDS} attention_mask=int64[2]:2,12",
        ),
        "roberta": (f"roberta.modeling_roberta:RobertaModel(RobertaConfig({TEXT}))", f"{IDS} {MASK}"),
        "distilbert": (
            "distilbert.modeling_distilbert:DistilBertModel(DistilBertConfig(vocab_size=100, dim=32, n_layers=2, n_heads=4, hidden_dim=64))",
            f"{IDS} {MASK}",
        ),
        "albert": (f"albert.modeling_albert:AlbertModel(AlbertConfig({TEXT}, embedding_size=16))", f"{IDS} {MASK}"),
        "electra": (f"electra.modeling_electra:ElectraModel(ElectraConfig({TEXT}, embedding_size=16))", f"{IDS} {MASK}"),
        "deberta_v2": (
            (
                f"deberta_v2.modeling_deberta_v2:DebertaV2Model(DebertaV2Config({TEXT}, relative_attention=True, pos_att_type=['p2c', 'c2p'], "
                "position_biased_input=False, norm_rel_ebd='layer_norm', position_buckets=8, share_att_key=True, conv_kernel_size=3))"
            ),
            f"{IDS} {MASK}",
        ),
        "gpt2": (
            "gpt2.modeling_gpt2:GPT2Model(GPT2Config(vocab_size=100, n_positions=40, n_embd=32, n_layer=2, n_head=4))",
            f"{IDS} {MASK}",
        ),
        "gpt_neox": (f"gpt_neox.modeling_gpt_neox:GPTNeoXModel(GPTNeoXConfig({TEXT}))", f"{IDS} {MASK}"),
        "opt": (
            (
                "opt.modeling_opt:OPTModel(OPTConfig(vocab_size=100, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, ffn_dim=64, "
                "max_position_embeddings=40, word_embed_proj_dim=16))"
            ),
            f"{IDS} {MASK}",
        ),
        "bloom": ("bloom.modeling_bloom:BloomModel(BloomConfig(vocab_size=100, hidden_size=32, n_layer=2, n_head=4))", f"{IDS} {MASK}"),
        "llama": (f"llama.modeling_llama:LlamaModel(LlamaConfig({TEXT}, num_key_value_heads=2))", f"{IDS} {MASK}"),
        "llama_sdpa": (
            f"llama.modeling_llama:LlamaModel(LlamaConfig({TEXT}, num_key_value_heads=2, attn_implementation='sdpa'))",
            f"{IDS} {MASK}",
        ),
        "mistral": (
            f"mistral.modeling_mistral:MistralModel(MistralConfig({TEXT}, num_key_value_heads=2, sliding_window=5))",
            f"{IDS} {MASK}",
        ),
        "qwen2": (f"qwen2.modeling_qwen2:Qwen2Model(Qwen2Config({TEXT}, num_key_value_heads=2))", f"{IDS} {MASK}"),
        "gemma": (f"gemma.modeling_gemma:GemmaModel(GemmaConfig({TEXT}, num_key_value_heads=1, head_dim=8))", f"{IDS} {MASK}"),
        "phi": (f"phi.modeling_phi:PhiModel(PhiConfig({TEXT}))", f"{IDS} {MASK}"),
        "t5": (
            "t5.modeling_t5:T5Model(T5Config(vocab_size=100, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4))",
            f"{SEQ2SEQ} {MASK}",
        ),
        "bart": (f"bart.modeling_bart:BartModel(BartConfig({SEQ2SEQ_SIZES}))", f"{SEQ2SEQ} {MASK}"),
        "marian": (f"marian.modeling_marian:MarianModel(MarianConfig({SEQ2SEQ_SIZES}, decoder_vocab_size=100))", f"{SEQ2SEQ} {MASK}"),
        "vit": (f"vit.modeling_vit:ViTModel(ViTConfig({VISION}))", PIXELS),
        "vit_sdpa": (f"vit.modeling_vit:ViTModel(ViTConfig({VISION}, attn_implementation='sdpa'))", PIXELS),
        "swin": (
            "swin.modeling_swin:SwinModel(SwinConfig(image_size=32, patch_size=2, embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=4))",
            PIXELS,
        ),
        "clip": (
            f"clip.modeling_clip:CLIPModel(CLIPConfig(text_config=dict({TEXT}, eos_token_id=2), vision_config=dict({VISION}), projection_dim=16))",
            f"{IDS} {PIXELS}",
        ),
        "whisper": (
            (
                f"whisper.modeling_whisper:WhisperModel(WhisperConfig({SEQ2SEQ_SIZES.replace('max_position_embeddings=40, ', '')}, num_mel_bins=8, "
                "max_source_positions=20, max_target_positions=20))"
            ),
            "input_features=2,8,40 decoder_input_ids=int64[3,100]:2,9",
        ),
        "wav2vec2": (
            (
                "wav2vec2.modeling_wav2vec2:Wav2Vec2Model(Wav2Vec2Config(vocab_size=32, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, "
                "intermediate_size=64, conv_dim=(16, 16), conv_stride=(5, 2), conv_kernel=(10, 3), num_conv_pos_embeddings=16, "
                "num_conv_pos_embedding_groups=2))"
            ),
            "input_values=2,640",
        ),
        "mamba": ("mamba.modeling_mamba:MambaModel(MambaConfig(vocab_size=100, hidden_size=32, num_hidden_layers=2, state_size=8))", IDS),
        "detr": (
            (
                "detr.modeling_detr:DetrModel(DetrConfig(d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, "
                "decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64, num_queries=6, backbone_config=dict(model_type='resnet', "
                "embedding_size=16, hidden_sizes=[16, 32, 32, 64], depths=[1, 1, 1, 1], layer_type='basic', out_features=['stage4'])))"
            ),
            "pixel_values=2,3,64,64",
        ),
    }
}
