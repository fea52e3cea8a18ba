"""Changes of all that is not the objects: the ground, its colour, the sky, the weather, the style."""

from dataclasses import replace

from training.world import phrases
from training.world.chance import LOST_IN, OUTSIDE
from training.world.changes import Changed, Task
from training.world.scene import MATERIALS, SKIES, STYLES, WEATHERS, Scene

NATURE = ("grass", "sand", "snow")
NOUNS = {"day": "day", "night": "night", "sunset": "sunset"}


def _old_ground(task: Task) -> str:
    ground = task.source.ground
    return task.pick(phrases.OLD_GROUNDS[ground.material]).format(colour=ground.colour)


def _colours(scene: Scene) -> set[str]:
    return {thing.colour for thing in scene.objects}


def repaint(task: Task) -> Changed | None:
    """A floor of another colour."""
    source = task.source
    taken = {source.ground.colour, *_colours(source)}
    free = [colour for colour in MATERIALS["floor"] if colour not in taken]
    if source.ground.material != "floor" or not free:
        return None
    colour = task.pick(free)
    text = task.pick(phrases.REPAINT).format(ground=_old_ground(task), colour=colour)
    return replace(source, ground=replace(source.ground, colour=colour)), text


def pave(task: Task) -> Changed | None:
    """A ground of another material, on which every object is still seen."""
    source, taken = task.source, _colours(task.source)
    choices = [
        (material, colour)
        for material, colours in MATERIALS.items()
        for colour in colours
        # Brown boards after a brown floor would hardly be seen.
        if material != source.ground.material
        and colour not in (*taken, source.ground.colour)
        and not (material in NATURE and source.sky == "room")
    ]
    # Each material as often as the others, whatever its number of colours.
    materials = sorted({material for material, _ in choices})
    if not materials:
        return None
    material = task.pick(materials)
    colour = task.pick([colour for kind, colour in choices if kind == material])
    new = task.pick(phrases.NEW_GROUNDS[material]).format(colour=colour).replace("a orange", "an orange")
    text = task.pick(phrases.PAVE).format(ground=_old_ground(task), new=new)
    return replace(source, ground=replace(source.ground, material=material, colour=colour)), text


def daylight(task: Task) -> Changed | None:
    """Another sky: day, night, sunset, clouds, or a room."""
    source, taken = task.source, _colours(task.source)
    open_air = source.ground.material in NATURE or source.weather != "none" or source.fire is not None
    skies = OUTSIDE if open_air else SKIES
    free = [sky for sky in skies if sky != source.sky and LOST_IN.get(sky) not in taken]
    if not free:
        return None
    sky = task.pick(free)
    rainy = source.weather != "none"
    text = task.pick([words for words in phrases.DAYLIGHT[sky] if not (rainy and "sunny" in words)])
    if source.sky in NOUNS and sky in NOUNS and task.rng.random() < 0.3:
        text = task.pick(phrases.FROM_TO).format(old=NOUNS[source.sky], new=NOUNS[sky])
    if source.sky == "room" and text.startswith(("change the sky", "make the sky")):
        text = task.pick([words for words in phrases.DAYLIGHT[sky] if "the sky" not in words])
    return replace(source, sky=sky), text


def restyle(task: Task) -> Changed | None:
    """Another way of drawing the same things."""
    style = task.pick([style for style in STYLES if style not in ("plain", task.source.style)])
    return replace(task.source, style=style), task.pick(phrases.RESTYLE[style])


def weather(task: Task) -> Changed | None:
    """Rain or snow where there was none or the other, or an end of it."""
    source = task.source
    if source.sky == "room":
        return None
    new = task.pick([weather for weather in WEATHERS if weather != source.weather])
    words = phrases.WEATHER_ENDS[source.weather] if new == "none" else phrases.WEATHER_COMES[new]
    return replace(source, weather=new), task.pick(words)
