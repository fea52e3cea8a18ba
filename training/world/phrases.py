"""The words of edits and of characters: how people ask for a change, and what they call a figure."""

RECOLOUR = (
    "make the {thing} {colour}",
    "make the {thing} {colour}",
    "turn the {thing} {colour}",
    "paint the {thing} {colour}",
    "color the {thing} {colour}",
    "change the {thing} to {colour}",
    "change the color of the {thing} to {colour}",
    "change the colour of the {thing} to {colour}",
)
RESHAPE = (
    "turn the {thing} into {new}",
    "change the {thing} to {new}",
    "change the {thing} into {new}",
    "make the {thing} {new}",
    "replace the {thing} with {new}",
)
EXCHANGE = (
    "replace the {thing} with {new}",
    "replace the {thing} by {new}",
    "change the {thing} to {new}",
    "change the {thing} into {new}",
    "turn the {thing} into {new}",
    "swap the {thing} for {new}",
    "put {new} in place of the {thing}",
)
# By (size before, size after): relative words say how far, absolute ones where to.
RESIZE: dict[tuple[str, str], tuple[str, ...]] = {
    ("small", "medium"): ("a little bigger", "slightly bigger", "a bit larger"),
    ("medium", "large"): ("bigger", "larger", "large", "big", "huge"),
    ("small", "large"): ("much bigger", "much larger", "large", "big", "huge"),
    ("large", "medium"): ("a little smaller", "slightly smaller", "a bit smaller"),
    ("medium", "small"): ("smaller", "small", "tiny", "little"),
    ("large", "small"): ("much smaller", "small", "tiny", "little"),
}
RESIZING = ("make the {thing} {size}", "make the {thing} {size}", "let the {thing} be {size}")
REMOVE = (
    "remove the {thing}",
    "remove the {thing}",
    "delete the {thing}",
    "erase the {thing}",
    "take the {thing} away",
    "take away the {thing}",
    "get rid of the {thing}",
    "make the {thing} disappear",
)
ADD = ("add {new}", "add {new}", "add {new}", "insert {new}")
ADD_THERE = (*ADD, "put {new}", "place {new}")
SIDES = {"left": ("on the left", "on the left side"), "right": ("on the right", "on the right side")}
BESIDE = {
    "left": (
        "to the left of the {thing}",
        "left of the {thing}",
        "next to the {thing}",
        "beside the {thing}",
    ),
    "right": (
        "to the right of the {thing}",
        "right of the {thing}",
        "next to the {thing}",
        "beside the {thing}",
    ),
}
REPAINT = (
    "make the {ground} {colour}",
    "make the {ground} {colour}",
    "turn the {ground} {colour}",
    "paint the {ground} {colour}",
    "change the {ground} to {colour}",
    "change the color of the {ground} to {colour}",
)
PAVE = (
    "replace the {ground} with {new}",
    "replace the {ground} by {new}",
    "change the {ground} to {new}",
    "turn the {ground} into {new}",
    "make the {ground} {new}",
)
OLD_GROUNDS = {
    "floor": ("floor", "ground", "{colour} floor"),
    "wood": ("floor", "ground", "wooden floor"),
    "grass": ("grass", "ground", "lawn"),
    "sand": ("sand", "ground"),
    "snow": ("snow", "ground"),
    "stone": ("stone floor", "ground", "stone"),
}
NEW_GROUNDS = {
    "floor": ("a {colour} floor",),
    "wood": ("wood", "a wooden floor"),
    "grass": ("grass", "green grass", "a lawn"),
    "sand": ("sand", "yellow sand", "a sandy beach"),
    "snow": ("snow", "white snow"),
    "stone": ("stone", "a stone floor", "grey stone"),
}
DAYLIGHT = {
    "day": (
        "turn it into day",
        "make it day",
        "make it a sunny day",
        "change the sky to a blue sky",
        "make the sky blue",
        "change it to daylight",
    ),
    "night": (
        "turn it into night",
        "make it night",
        "change it to night",
        "change the sky to a starry sky",
        "make it night with stars",
        "set it at night",
    ),
    "sunset": (
        "turn it into a sunset",
        "make it sunset",
        "make it evening",
        "change the sky to a sunset",
        "make the sky orange",
        "set it at sunset",
    ),
    "overcast": (
        "make it a cloudy day",
        "make the sky cloudy",
        "make the sky grey",
        "change the sky to a cloudy sky",
        "turn it into a cloudy day",
    ),
    "room": (
        "move it indoors",
        "move it into a room",
        "put it in a room",
        "change the background to a room",
        "replace the sky with a wall",
        "set it inside a house",
    ),
}
RESTYLE = {
    "flat": (
        "make it flat",
        "turn it into a flat drawing",
        "draw it in a flat style",
        "change the style to flat",
        "make it a flat cartoon",
    ),
    "outlined": (
        "draw it with outlines",
        "add bold outlines",
        "turn it into an outlined drawing",
        "change the style to outlined",
        "make it an outlined cartoon",
    ),
    "pixelated": (
        "make it pixelated",
        "turn it into pixel art",
        "change the style to pixel art",
        "make it pixel art",
        "pixelate it",
    ),
    "pencil": (
        "turn it into a pencil drawing",
        "make it a pencil sketch",
        "draw it in pencil",
        "change the style to a pencil drawing",
        "sketch it with pencils",
    ),
}
WEATHER_COMES = {
    "rain": ("make it rain", "let it rain", "add rain", "make it rainy", "let rain fall"),
    "snow": ("make it snow", "let it snow", "add falling snow", "add snowflakes", "let snow fall"),
}
WEATHER_ENDS = {
    "rain": ("stop the rain", "remove the rain", "make it stop raining", "take away the rain"),
    "snow": ("stop the snow", "remove the falling snow", "make it stop snowing", "remove the snowflakes"),
}
FROM_TO = ("change {old} to {new}", "turn {old} into {new}")
CHARACTERS = (
    "this character",
    "this character",
    "this character",
    "the character",
    "the same character",
    "this figure",
)


def _texts() -> tuple[str, ...]:
    texts: list[str] = [
        *RECOLOUR,
        *RESHAPE,
        *EXCHANGE,
        *RESIZING,
        *REMOVE,
        *ADD_THERE,
        *REPAINT,
        *PAVE,
        *FROM_TO,
    ]
    for choices in (*RESIZE.values(), *SIDES.values(), *BESIDE.values(), *OLD_GROUNDS.values(),
                    *NEW_GROUNDS.values(), *DAYLIGHT.values(), *RESTYLE.values(),
                    *WEATHER_COMES.values(), *WEATHER_ENDS.values()):  # fmt: skip
        texts += choices
    return (*texts, *CHARACTERS)


TEXTS = _texts()
