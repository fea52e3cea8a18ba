"""Names of models and tensors, written once.

Networks are Triton models whose tensors are those of their ONNX graphs. Entry models are the loops that a
worker calls. Shapes: B batch, L text tokens, D text width, F frames, T latent frames, h w latent height and
width, C latent channels, H W height and width of the film, K slots and A columns of a layout.
"""

# Networks
TEXT_ENCODER = "text_encoder"  # tokens [B,L] i64 -> states [B,L,D]
VISUAL_ENCODER = "visual_encoder"  # frames [N,3,96,96] -> features [N,V]
VIDEO_ENCODER = "video_encoder"  # video [B,3,F,H,W] -> latents [B,C,T,h,w]
VIDEO_DECODER = "video_decoder"  # latents [B,C,T,h,w] -> video [B,3,8T,H,W]
LAYOUT_READER = "layout_reader"  # latents [B,C,T,h,w] -> said [B,T,hw+1,A]
# layout known aspect timestep task text text_mask -> velocity
LAYOUT_TRANSFORMER = "layout_transformer"
# latents condition timestep task text text_mask character layout -> velocity
VIDEO_TRANSFORMER = "video_transformer"
UPSAMPLER = "upsampler"  # frames [N,3,h,w], size [2] i64 -> luma [N,1,H,W], chroma [N,2,H/2,W/2]
AUDIO_ENCODER = "audio_encoder"  # waveform [B,1,S] -> latents [B,C,T]
AUDIO_DECODER = "audio_decoder"  # latents [B,C,T] -> waveform [B,1,1920T]
AUDIO_TRANSFORMER = "audio_transformer"  # latents context visual timestep text text_mask -> velocity

NETWORKS = (
    TEXT_ENCODER,
    VISUAL_ENCODER,
    VIDEO_ENCODER,
    VIDEO_DECODER,
    LAYOUT_READER,
    LAYOUT_TRANSFORMER,
    VIDEO_TRANSFORMER,
    UPSAMPLER,
    AUDIO_ENCODER,
    AUDIO_DECODER,
    AUDIO_TRANSFORMER,
)

# Entry models
SAMPLE_VIDEO = "sample_video"  # streams: step [1], latents [C,T,h,w] (empty but for snapshots and the last)
SAMPLE_AUDIO = "sample_audio"  # streams: step [1] i32, latents [C,T] likewise
DECODE_VIDEO = "decode_video"  # latents, tile, tail -> frames [n,h,w,3] u8, tail [16,h,w,3] u8
UPSAMPLE_VIDEO = "upsample_video"  # frames [n,h,w,3] u8, size -> yuv [n, H*3/2, W] u8 (planar 4:2:0)
FINGERPRINT = "fingerprint"  # nothing -> fingerprint [32] u8 of networks and loops

ENTRY_MODELS = (SAMPLE_VIDEO, SAMPLE_AUDIO, DECODE_VIDEO, UPSAMPLE_VIDEO, FINGERPRINT)

# Tensors of networks
TOKENS = "tokens"
STATES = "states"
FRAMES = "frames"
FEATURES = "features"
VIDEO = "video"
LATENTS = "latents"
CONDITION = "condition"
TIMESTEP = "timestep"
TASK = "task"
TEXT = "text"
TEXT_MASK = "text_mask"
CHARACTER = "character"  # [B,C,S,S], in an order [C,S,S]: latents of a portrait, zeros for none
LAYOUT = "layout"  # [B,K,T,A], see `services.contract.layout`; zeros for none
KNOWN = "known"  # [B,K,T,A+1], see `services.sampling.layout_reading`
SAID = "said"  # rows of a layout, one for each cell and one for the ground
ASPECT = "aspect"  # width / height of a film
VELOCITY = "velocity"
SIZE = "size"  # (height, width)
LUMA = "luma"
CHROMA = "chroma"
WAVEFORM = "waveform"
CONTEXT = "context"
VISUAL = "visual"

SCALARS = (TIMESTEP, TASK, ASPECT)  # one number a row: [B] in the graph, [B,1] at Triton's door

# Tensors of entry models, beside those above
SHAPE = "shape"  # i64: [T,h,w] of a film, [T] of a sound
SEED = "seed"  # i64 [1]
STEPS = "steps"  # i32 [1]: steps of the whole loop
START_STEP = "start_step"  # i32 [1]: steps that `latents` has behind it
GUIDANCE = "guidance"  # f32 [1]
SOURCE = "source"  # f32 [C,n,h,w]: the film's first n latents, given with the order
FRAMES_PER_LATENT = "frames_per_latent"  # f32 [1]: frames of picture in one latent of sound
SNAPSHOT_EVERY = "snapshot_every"  # i32 [1]: steps between snapshots, 0 for none
STEP = "step"  # i32 [1]: steps finished
TILE = "tile"  # i32 [1]
TAIL = "tail"
YUV = "yuv"
