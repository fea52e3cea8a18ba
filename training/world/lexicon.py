"""The words of the small world: what each thing is called, its usual name first."""

NOUNS: dict[str, tuple[str, ...]] = {
    "ball": ("ball", "ball", "ball", "sphere", "circle"),
    "square": ("square", "square", "box", "cube", "block"),
    "triangle": ("triangle", "triangle", "pyramid"),
    "star": ("star",),
    "diamond": ("diamond", "diamond", "rhombus", "gem"),
    "ring": ("ring", "ring", "hoop", "donut"),
    "heart": ("heart",),
    "cross": ("cross", "cross", "plus"),
}
COLOUR_WORDS: dict[str, tuple[str, ...]] = {
    "red": ("red",) * 8 + ("crimson", "scarlet"),
    "green": ("green",) * 8 + ("emerald",),
    "blue": ("blue",) * 8 + ("azure",),
    "yellow": ("yellow",) * 8 + ("golden",),
    "orange": ("orange",),
    "purple": ("purple",) * 6 + ("violet",),
    "pink": ("pink",) * 8 + ("rosy",),
    "white": ("white",),
    "black": ("black",) * 6 + ("dark",),
}
SIZE_WORDS = {
    "small": ("small", "small", "little", "tiny"),
    "medium": ("",),
    "large": ("large", "big", "huge"),
}
# Each verb as (participle, third person); {way} is left or right.
VERBS: dict[str, tuple[tuple[str, str], ...]] = {
    "bounce": (
        ("bouncing", "bounces"),
        ("bouncing", "bounces"),
        ("bouncing up and down", "bounces up and down"),
        ("jumping up and down", "jumps up and down"),
    ),
    "roll": (
        ("rolling", "rolls"),
        ("rolling to the {way}", "rolls to the {way}"),
        ("rolling {way}", "rolls {way}"),
    ),
    "slide": (
        ("sliding", "slides"),
        ("sliding to the {way}", "slides to the {way}"),
        ("gliding {way}", "glides {way}"),
        ("moving to the {way}", "moves to the {way}"),
    ),
    "fall": (
        ("falling", "falls"),
        ("falling down", "falls down"),
        ("dropping", "drops"),
        ("falling from the sky", "falls from the sky"),
    ),
    "rise": (
        ("rising", "rises"),
        ("floating up", "floats up"),
        ("flying up", "flies up"),
        ("rising slowly", "slowly rises"),
    ),
    "spin": (
        ("spinning", "spins"),
        ("rotating", "rotates"),
        ("turning around", "turns around"),
        ("spinning in the air", "spins in the air"),
    ),
    "grow": (("growing", "grows"), ("getting bigger", "gets bigger"), ("growing larger", "grows larger")),
    "shrink": (("shrinking", "shrinks"), ("getting smaller", "gets smaller")),
    "swing": (
        ("swinging", "swings"),
        ("swinging on a string", "swings on a string"),
        ("swinging from side to side", "swings from side to side"),
        ("hanging from a string and swinging", "hangs from a string and swings"),
    ),
    "hop": (("hopping", "hops"), ("jumping", "jumps"), ("hopping along", "hops along")),
    "still": (("standing still", "stands still"), ("standing", "stands"), ("resting", "rests")),
}
ALOFT = ("rise", "spin", "swing")
MEETINGS = (
    "{one} and {two} colliding",
    "{one} hitting {two}",
    "{one} bumping into {two}",
    "{one} crashes into {two}",
    "{one} and {two} collide",
)
GROUNDS: dict[str, tuple[str, ...]] = {
    "floor": (
        "a {colour} floor",
        "a {colour} floor",
        "a {colour} floor",
        "a {colour} ground",
        "the {colour} floor",
    ),
    "wood": ("a wooden floor", "a brown wooden floor", "brown wood"),
    "grass": ("green grass", "the grass", "a green lawn"),
    "sand": ("yellow sand", "the sand", "a sandy beach"),
    "snow": ("white snow", "the snow"),
    "stone": ("grey stone", "a grey stone floor", "gray stone"),
}
PLACES: dict[str, tuple[str, ...]] = {
    "day": ("under a blue sky", "on a sunny day", "outside during the day", "in daylight"),
    "night": ("at night", "under a starry sky", "under the moon", "at night under the stars"),
    "sunset": ("at sunset", "in the evening", "under an orange sky"),
    "overcast": ("on a cloudy day", "under a grey sky", "under a cloudy sky"),
    "room": ("in a room", "indoors", "inside a house", "in front of a wall"),
}
SHOTS: dict[str, tuple[str, ...]] = {
    "static": ("static shot", "still camera", "fixed camera"),
    "pan left": ("pan left", "the camera pans left", "camera panning to the left"),
    "pan right": ("pan right", "the camera pans right", "camera panning to the right"),
    "zoom in": ("zoom in", "the camera zooms in", "slow zoom in"),
    "zoom out": ("zoom out", "the camera zooms out", "slow zoom out"),
    "tilt up": ("tilt up", "the camera tilts up", "camera tilting up"),
    "tilt down": ("tilt down", "the camera tilts down", "camera tilting down"),
    "push in": ("push in", "the camera pushes in", "the camera moves forward"),
    "pull out": ("pull out", "the camera pulls out", "the camera moves back"),
}
# Each style as (before everything, before what is shown, after everything).
STYLES: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "flat": (
        ("flat style", "flat design"),
        ("a flat drawing of ", "a flat cartoon of "),
        ("in a flat style", "in flat colours", "drawn flat"),
    ),
    "outlined": (
        ("outlined", "outlined style"),
        ("an outlined drawing of ", "outlined drawing of ", "a cartoon with outlines of "),
        ("with bold outlines", "in an outlined style", "drawn with outlines"),
    ),
    "pixelated": (
        ("pixelated", "pixel art"),
        ("a pixelated video of ", "pixel art of ", "a pixel animation of "),
        ("in pixel art style", "in a pixelated style", "made of pixels"),
    ),
    "pencil": (
        ("pencil drawing", "pencil style"),
        ("a pencil drawing of ", "a pencil sketch of ", "a coloured pencil drawing of "),
        ("drawn in pencil", "in a pencil style", "sketched with pencils"),
    ),
}
WEATHERS: dict[str, tuple[str, ...]] = {
    "rain": ("in the rain", "in rain", "while it is raining", "while rain is falling", "in rainy weather"),
    "snow": ("while snow is falling", "while it is snowing", "in falling snow", "under falling snowflakes"),
}
FIRES = (
    "beside a fire", "next to a fire", "beside a small fire", "next to a burning camp fire",
    "near a campfire",
)  # fmt: skip
OPENINGS = (
    "",
    "",
    "",
    "",
    "",
    "a video of ",
    "a film of ",
    "a short clip of ",
    "an animation of ",
    "there is ",
)

HITS: dict[str, tuple[str, ...]] = {
    "ball": ("a rubber ball", "a bouncing ball"),
    "square": ("a wooden block", "a box"),
    "triangle": ("a metal triangle", "a triangle"),
    "star": ("a bright bell", "a star chiming"),
    "diamond": ("a glass gem", "glass"),
    "ring": ("a metal ring", "a ringing hoop"),
    "heart": ("a soft heart", "a soft thing"),
    "cross": ("a hollow cross", "a wood block"),
}
SURFACES = {
    "floor": "a hard floor", "wood": "a wooden floor", "grass": "grass", "sand": "sand", "snow": "snow",
    "stone": "stone",
}  # fmt: skip
NOISES: dict[str, tuple[str, ...]] = {
    "bounce": (
        "{thing} bouncing on {surface}",
        "rhythmic bounces of {thing} on {surface}",
        "bouncing sounds",
    ),
    "fall": ("{thing} falling on {surface} with a thud", "a thud of {thing} on {surface}"),
    "hop": ("{thing} hopping on {surface}", "soft steps of {thing} on {surface}"),
    "collide": ("{thing} crashing into something", "a loud knock of {thing}"),
    "roll": ("{thing} rolling on {surface}", "a low rolling rumble on {surface}"),
    "slide": ("{thing} sliding on {surface}", "a scraping sound on {surface}"),
    "spin": ("a whirring sound", "something spinning in the air"),
    "rise": ("a soft rising tone", "a rising whistle"),
    "grow": ("a slowly rising hum", "something growing"),
    "shrink": ("a slowly falling hum", "something shrinking"),
    "swing": ("a soft swishing sound", "something swinging through the air"),
    "still": ("silence", "quiet"),
}
AIRS: dict[str, tuple[str, ...]] = {
    "day": ("a light breeze",), "night": ("crickets", "a quiet night"), "sunset": ("soft wind",),
    "overcast": ("wind",), "room": ("faint room tone",),
}  # fmt: skip
PITCHES = {"small": "high", "large": "deep"}
PATTER = ("rain falling", "rain", "the patter of rain", "rain pouring down")
CRACKLE = ("a fire crackling", "a crackling fire", "the crackle of a fire")
MUSIC: dict[str, tuple[str, ...]] = {
    "happy": ("happy music", "happy music playing", "cheerful music", "bright happy music", "joyful music"),
    "sad": ("sad music", "sad music playing", "slow sad music", "melancholic music"),
    "tense": ("tense music", "tense music playing", "suspenseful music", "nervous dark music"),
}
NO_MUSIC = ("no music", "without music")
