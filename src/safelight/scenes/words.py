"""The words of the world: what every value may be called in a caption. Adding a value starts with a row here.

The first wording of each row is the plain one. Read next: grammar.py.
"""

__all__ = [
    "COLOURS",
    "DEFECTS",
    "DETAILS",
    "ENVIRONMENTS",
    "EXAMPLES",
    "FILLERS",
    "LIGHTINGS",
    "MEDIA",
    "NOUNS",
    "QUALITY",
    "STRAYS",
]

Words = tuple[str, ...]

NOUNS: dict[str, Words] = {
    "sports car": ("sports car", "car", "race car"),
    "sailboat": ("sailboat", "boat", "sailing boat"),
    "rocket": ("rocket", "space rocket"),
    "hot air balloon": ("hot air balloon", "balloon"),
    "medieval warrior": ("medieval warrior", "knight", "warrior in armor"),
    "robot": ("robot", "android"),
    "cat": ("cat", "kitten"),
    "bird": ("bird", "songbird"),
    "house": ("house", "cottage"),
    "castle": ("castle", "fortress"),
    "lighthouse": ("lighthouse",),
    "mug": ("mug", "coffee mug", "cup of coffee"),
    "cube": ("cube", "box"),
    "sphere": ("sphere", "ball"),
    "heart": ("heart",),
    "star": ("star",),
}
PEOPLE = ("medieval warrior", "robot")

COLOURS: Words = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white")

ENVIRONMENTS: dict[str, Words] = {
    "mountain road": ("on a mountain road", "on mountain road", "on a winding mountain road", "in the mountains"),
    "city street": ("on a city street", "in the city", "in front of tall buildings"),
    "forest": ("in a forest", "in the woods", "among tall trees"),
    "beach": ("on a beach", "by the sea", "on the coast"),
    "snowy field": ("in a snowy field", "in the snow", "in a winter landscape"),
    "studio": ("on a plain background", "in a studio", "on a studio background"),
}

MEDIA: dict[str, Words] = {
    "flat vector": ("flat vector illustration", "flat illustration", "vector art"),
    "realistic": ("realistic photo", "photograph", "realistic 3d render", "photorealistic image"),
    "watercolor": ("watercolor painting", "watercolour", "watercolor"),
    "pixel art": ("pixel art", "8-bit pixel art", "retro game sprite"),
}

LIGHTINGS: dict[str, Words] = {
    "daylight": ("daylight", "in bright sunlight", "at noon"),
    "golden hour": ("golden hour lighting", "at golden hour", "at sunset", "warm evening light"),
    "night": ("at night", "moonlight", "under a starry sky"),
    "fog": ("in fog", "foggy", "in thick mist"),
}

DETAILS: dict[str, Words] = {
    "minimalist": ("minimalist", "simple"),
    "plain": (),
    "ultra-detailed": ("ultra-detailed", "highly detailed", "intricate details"),
}

DEFECTS: dict[str, Words] = {
    "blurry": ("blurry", "out of focus"),
    "low quality": ("low quality", "bad quality", "jpeg artifacts"),
    "watermark": ("watermark", "watermarked"),
    "grainy": ("grainy", "noisy"),
}

QUALITY: Words = ("high quality", "4k resolution", "sharp focus", "masterpiece", "8k", "best quality")

FILLERS: Words = (
    "beautiful",
    "stunning",
    "trending on artstation",
    "award winning",
    "wallpaper",
    "concept art",
    "octane render",
    "by a famous artist",
    "dramatic atmosphere",
    "cinematic",
    "epic composition",
    "soft colors",
)

# Words without any meaning here: a prompt that holds a few of them must still work.
STRAYS: Words = (
    "about", "again", "always", "answer", "apple", "because", "between", "bread", "bridge", "carry", "chair",
    "cheese", "child", "circle", "clever", "country", "dance", "dinner", "dream", "early", "earth", "every", "family",
    "feather", "finger", "flower", "friend", "garden", "gentle", "giant", "glass", "happy", "hello", "history",
    "honey", "island", "jacket", "journey", "kitchen", "ladder", "laugh", "letter", "little", "market", "melody",
    "minute", "morning", "music", "never", "number", "often", "orchestra", "paper", "pepper", "picture", "planet",
    "pocket", "quiet", "rabbit", "reason", "remember", "river", "season", "secret", "seven", "shadow", "silver",
    "sister", "slowly", "something", "spoon", "story", "summer", "table", "teacher", "thunder", "ticket", "together",
    "tomorrow", "travel", "umbrella", "until", "velvet", "village", "violin", "visitor", "wander", "water", "weather",
    "window", "wonder", "yesterday", "young",
)

# What guides to Stable Diffusion print as examples: never a training caption, so that they stay a fair question.
EXAMPLES: Words = (
    "Red sports car on mountain road",
    "A futuristic cyberpunk city at night with glowing neon lights, flying vehicles, and rain reflections "
    "on the street",
    "A cinematic portrait of a medieval warrior, golden hour lighting, ultra-detailed armor texture, 4K resolution, "
    "dramatic atmosphere",
    "a photograph of an astronaut riding a horse",
    "A red cube on top of a blue sphere",
)
