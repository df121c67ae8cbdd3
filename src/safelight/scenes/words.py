"""The words of the world: what every value may be called in a caption. Adding a value starts with a row here.

The first wording of a row is the plain one. Training says any wording of a row; `HELD_OUT` gives, by the plain wording,
another one that only evaluation says. Those are new combinations of words most of which training knows elsewhere, so
that understanding them can be learned. Read next: grammar.py (which scenes there are), captions.py (how words become
sentences).
"""

__all__ = [
    "BESIDE",
    "COLOURS",
    "DEFECTS",
    "DETAILS",
    "ENVIRONMENTS",
    "EXAMPLES",
    "EXTRAS",
    "FAMILIES",
    "FAMILY",
    "FILLERS",
    "FUSED",
    "GRADES",
    "HELD_OUT",
    "LANDSCAPES",
    "LIGHTINGS",
    "MATERIALS",
    "MEDIA",
    "NOUNS",
    "NUMBERS",
    "PALETTES",
    "QUALITY",
    "REFLECTIONS",
    "RELATIONS",
    "SIZES",
    "STRAYS",
    "WEATHERS",
    "Words",
]

Words = tuple[str, ...]

NOUNS: dict[str, Words] = {
    "sports car": ("sports car", "car", "race car"),
    "truck": ("truck", "lorry", "delivery truck"),
    "bus": ("bus", "coach"),
    "sailboat": ("sailboat", "boat", "sailing boat"),
    "bicycle": ("bicycle", "bike"),
    "rocket": ("rocket", "space rocket", "rocket ship"),
    "medieval warrior": ("medieval warrior", "knight", "warrior in armor"),
    "astronaut": ("astronaut", "spaceman", "cosmonaut"),
    "robot": ("robot", "android", "humanoid robot"),
    "wizard": ("wizard", "sorcerer", "mage"),
    "queen": ("queen", "queen with a crown"),
    "cat": ("cat", "kitten"),
    "dog": ("dog", "puppy", "hound"),
    "horse": ("horse", "pony", "stallion"),
    "bird": ("bird", "songbird"),
    "fish": ("fish", "tropical fish"),
    "dragon": ("dragon", "mythical dragon"),
    "house": ("house", "cottage"),
    "castle": ("castle", "fortress"),
    "lighthouse": ("lighthouse",),
    "tower": ("tower", "stone tower", "watchtower"),
    "mug": ("mug", "coffee mug", "cup"),
    "vase with flowers": ("vase with flowers", "vase of flowers", "flower vase"),
    "chair": ("chair", "wooden chair"),
    "lamp": ("lamp", "table lamp", "desk lamp"),
    "apple": ("apple", "ripe apple"),
    "umbrella": ("umbrella", "parasol"),
    "cube": ("cube", "box", "block"),
    "sphere": ("sphere", "ball", "orb"),
    "pyramid": ("pyramid",),
    "cylinder": ("cylinder",),
    "star": ("star", "star shape"),
    "heart": ("heart", "heart shape"),
}
FAMILIES: dict[str, Words] = {
    "vehicles": ("sports car", "truck", "bus", "sailboat", "bicycle", "rocket"),
    "people": ("medieval warrior", "astronaut", "robot", "wizard", "queen"),
    "animals": ("cat", "dog", "horse", "bird", "fish", "dragon"),
    "buildings": ("house", "castle", "lighthouse", "tower"),
    "objects": ("mug", "vase with flowers", "chair", "lamp", "apple", "umbrella"),
    "shapes": ("cube", "sphere", "pyramid", "cylinder", "star", "heart"),
}
FAMILY = {noun: family for family, nouns in FAMILIES.items() for noun in nouns}

COLOURS: Words = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white")
NUMBERS: dict[int, Words] = {2: ("two", "2"), 3: ("three", "3"), 4: ("four", "4")}
SIZES: dict[str, Words] = {"small": ("small", "little", "tiny"), "medium": (), "large": ("large", "big", "huge")}
MATERIALS: dict[str, Words] = {"matte": ("matte", "dull"), "shiny": ("shiny", "glossy")}

RELATIONS: dict[str, Words] = {
    "left of": ("to the left of", "left of", "on the left of"),
    "right of": ("to the right of", "right of", "on the right of"),
    "above": ("on top of", "above", "over"),
    "below": ("below", "under", "underneath"),
    "in front of": ("in front of", "just in front of"),
    "behind": ("behind", "in back of"),
    "riding": ("riding", "riding on", "on the back of"),
}
BESIDE: Words = ("and", "next to", "beside")  # two things, without saying where

ENVIRONMENTS: dict[str, Words] = {
    "mountain road": ("on a mountain road", "on mountain road", "on a winding mountain road", "in the mountains"),
    "city street": ("on a city street", "on city street", "in the city", "between tall buildings"),
    "cyberpunk city": ("in a cyberpunk city", "in a futuristic cyberpunk city", "in a futuristic city"),
    "desert": ("in the desert", "in a desert", "among sand dunes"),
    "forest": ("in a forest", "in the forest", "in the woods", "among tall trees"),
    "beach": ("on a beach", "on the beach", "by the sea", "on the coast"),
    "snowy field": ("in a snowy field", "in the snow", "in a winter landscape"),
    "meadow": ("in a meadow", "on the grass", "in a grassy field"),
    "lake shore": ("on a lake shore", "by a lake", "on the shore of a lake"),
    "mars": ("on mars", "on the surface of mars", "on planet mars", "in outer space"),
    "studio": ("on a plain background", "in a studio", "on a studio background"),
}
LANDSCAPES: dict[str, Words] = {
    "mountain road": ("mountain road", "winding mountain road", "road through the mountains"),
    "city street": ("city street", "street between tall buildings", "city"),
    "cyberpunk city": ("cyberpunk city", "futuristic cyberpunk city", "futuristic city"),
    "desert": ("desert", "desert with sand dunes", "landscape of sand dunes"),
    "forest": ("forest", "forest of tall trees"),
    "beach": ("beach", "beach by the sea", "coast"),
    "snowy field": ("snowy field", "snowy landscape", "winter landscape"),
    "meadow": ("meadow", "grassy field"),
    "lake shore": ("lake shore", "lake"),
    "mars": ("mars landscape", "landscape on mars"),
}

MEDIA: dict[str, Words] = {
    "flat vector": ("flat vector illustration", "flat illustration", "vector art", "flat design"),
    "realistic": ("realistic photo", "photograph", "photo", "realistic 3d render", "photorealistic image"),
    "watercolor": ("watercolor painting", "watercolour", "watercolor"),
    "oil": ("oil painting", "painting on canvas", "impasto painting"),
    "pixel art": ("pixel art", "8-bit pixel art", "retro game sprite"),
    "pencil sketch": ("pencil sketch", "pencil drawing", "line drawing"),
    "low poly": ("low poly art", "low poly render", "low poly"),
}
# How a medium is called in a fusion of styles, "cyberpunk + realism + cinematic lighting".
FUSED: dict[str, Words] = {
    "flat vector": ("flat vector art", "flat design"),
    "realistic": ("realism", "photorealism"),
    "watercolor": ("watercolor",),
    "oil": ("oil painting",),
    "pixel art": ("pixel art",),
    "pencil sketch": ("pencil sketch",),
    "low poly": ("low poly",),
}
PALETTES: dict[str, Words] = {
    "natural": (),
    "cyberpunk": ("cyberpunk", "cyberpunk style", "cyberpunk colors", "synthwave colors"),
    "vintage": ("vintage", "vintage style", "vintage colors", "faded old colors"),
}
GRADES: dict[str, Words] = {
    "none": (),
    "cinematic": ("cinematic", "cinematic lighting", "cinematic style", "cinematic color grading"),
}
LIGHTINGS: dict[str, Words] = {
    "daylight": ("daylight", "in daylight", "in bright sunlight", "at noon", "on a sunny day"),
    "golden hour": ("golden hour lighting", "at golden hour", "at sunset", "warm evening light"),
    "night": ("at night", "moonlight", "under a starry sky"),
    "neon": ("neon lighting", "neon light", "in neon light", "lit by neon"),
    "fog": ("in fog", "foggy", "in thick mist", "misty"),
    "studio": ("studio lighting", "soft studio light", "soft even lighting"),
    "dramatic": ("dramatic lighting", "dramatic light", "rim lighting", "dark dramatic lighting"),
}
WEATHERS: dict[str, Words] = {
    "none": (),
    "rain": ("in the rain", "rainy", "raining", "in heavy rain", "rain"),
    "snow": ("snowing", "falling snow", "in falling snow", "snowfall"),
}
REFLECTIONS: Words = ("rain reflections on the street", "rain reflections on the ground", "reflections in puddles")
EXTRAS: dict[str, Words] = {
    "flying vehicles": ("flying vehicles", "flying cars", "flying vehicles in the sky"),
    "clouds": ("clouds", "clouds in the sky", "fluffy clouds"),
    "neon signs": ("glowing neon lights", "neon signs", "glowing neon signs"),
}

DETAILS: dict[str, Words] = {
    "minimalist": ("minimalist", "simple", "minimal"),
    "plain": (),
    "ultra-detailed": ("ultra-detailed", "highly detailed", "intricate details"),
}
DEFECTS: dict[str, Words] = {
    "blurry": ("blurry", "out of focus", "blurred"),
    "low quality": ("low quality", "bad quality", "jpeg artifacts"),
    "watermark": ("watermark", "watermarked"),
    "distorted": ("distorted", "deformed", "warped"),
    "extra limbs": ("extra limbs", "extra arms", "extra legs", "too many limbs"),
    "grainy": ("grainy", "noisy"),
    "overexposed": ("overexposed", "washed out", "too bright"),
}
QUALITY: Words = ("high quality", "4k resolution", "sharp focus", "masterpiece", "8k", "best quality")

# By the plain wording of a row: what evaluation alone calls it.
HELD_OUT: dict[str, str] = {
    # nouns
    "sports car": "racing car",
    "truck": "cargo truck",
    "bus": "passenger bus",
    "sailboat": "boat with sails",
    "bicycle": "pedal bike",
    "rocket": "space ship rocket",
    "medieval warrior": "medieval knight",
    "astronaut": "space astronaut",
    "robot": "android robot",
    "wizard": "powerful wizard",
    "queen": "crowned queen",
    "cat": "kitty cat",
    "dog": "puppy dog",
    "horse": "stallion horse",
    "bird": "singing bird",
    "fish": "swimming fish",
    "dragon": "fantasy dragon",
    "house": "cottage house",
    "castle": "stone castle",
    "lighthouse": "coast lighthouse",
    "tower": "tall tower",
    "mug": "coffee cup",
    "vase with flowers": "vase full of flowers",
    "chair": "dining chair",
    "lamp": "reading lamp",
    "apple": "apple fruit",
    "umbrella": "open umbrella",
    "cube": "cube block",
    "sphere": "round ball",
    "pyramid": "pyramid shape",
    "cylinder": "cylinder shape",
    "star": "pointed star",
    "heart": "love heart",
    # counts, sizes, materials, relations
    "two": "a pair of",
    "three": "a group of three",
    "four": "a group of four",
    "small": "very small",
    "large": "very large",
    "matte": "dull matte",
    "shiny": "glossy shiny",
    "to the left of": "on the left side of",
    "to the right of": "on the right side of",
    "on top of": "standing on top of",
    "below": "directly below",
    "in front of": "directly in front of",
    "behind": "directly behind",
    "riding": "sitting on",
    "and": "together with",
    # environments
    "on a mountain road": "along a mountain road",
    "on a city street": "on a street in the city",
    "in a cyberpunk city": "in a cyberpunk futuristic city",
    "in the desert": "in a desert of sand",
    "in a forest": "deep in the woods",
    "on a beach": "on a beach of sand",
    "in a snowy field": "in a snowy winter landscape",
    "in a meadow": "in a grassy meadow",
    "on a lake shore": "beside a lake",
    "on mars": "on the planet mars",
    "on a plain background": "on a plain studio background",
    "mountain road": "road in the mountains",
    "city street": "street in the city",
    "cyberpunk city": "cyberpunk futuristic city",
    "desert": "desert of sand",
    "forest": "forest landscape",
    "beach": "beach landscape",
    "snowy field": "snowy winter landscape",
    "meadow": "grassy meadow",
    "lake shore": "lake landscape",
    "mars landscape": "planet mars landscape",
    # styles
    "flat vector illustration": "flat vector art picture",
    "realistic photo": "realistic photograph",
    "watercolor painting": "watercolour painting",
    "oil painting": "oil painting on canvas",
    "pixel art": "retro pixel art",
    "pencil sketch": "pencil line drawing",
    "low poly art": "low poly art render",
    "cyberpunk": "cyberpunk color palette",
    "vintage": "vintage color palette",
    "cinematic": "cinematic colors",
    "daylight": "in bright daylight",
    "golden hour lighting": "warm golden hour light",
    "at night": "in the moonlight",
    "neon lighting": "bright neon lighting",
    "in fog": "in thick fog",
    "studio lighting": "soft studio lighting",
    "dramatic lighting": "dramatic rim lighting",
    "in the rain": "on a rainy day",
    "snowing": "on a snowy day",
    "rain reflections on the street": "reflections on the wet street",
    "flying vehicles": "vehicles flying in the sky",
    "clouds": "a sky with clouds",
    "glowing neon lights": "bright neon signs",
    # detail, quality, defects
    "minimalist": "very simple",
    "ultra-detailed": "very detailed",
    "blurry": "very blurry",
    "low quality": "poor quality",
    "watermark": "with a watermark",
    "distorted": "badly deformed",
    "extra limbs": "additional arms",
    "grainy": "very grainy",
    "overexposed": "much too bright",
    "high quality": "top quality",
}

# Said now and then although nothing in a picture answers to them.
FILLERS: Words = (
    "beautiful", "stunning", "trending on artstation", "award winning", "wallpaper", "concept art", "octane render",
    "by a famous artist", "dramatic atmosphere", "epic composition", "soft colors", "amazing", "professional",
)  # fmt: skip

# English without any meaning here: a prompt that holds a few such words must still work.
STRAYS: Words = (
    "about", "again", "always", "answer", "because", "bread", "bridge", "carry", "cheese", "child", "circle", "clever",
    "country", "dance", "dinner", "dream", "early", "earth", "every", "family", "feather", "finger", "friend", "gentle",
    "glass", "happy", "hello", "history", "honey", "island", "jacket", "journey", "kitchen", "ladder", "laugh",
    "letter", "market", "melody", "minute", "morning", "music", "never", "number", "often", "orchestra", "paper",
    "pepper", "pocket", "quiet", "rabbit", "reason", "remember", "river", "season", "secret", "seven", "silver",
    "sister", "slowly", "something", "spoon", "story", "summer", "teacher", "thunder", "ticket",
    "tomorrow", "travel", "until", "velvet", "village", "violin", "visitor", "wander", "water", "window", "wonder",
    "yesterday", "young",
)  # fmt: skip

# What guides to Stable Diffusion print as examples: never a training caption, so that they stay a fair question.
EXAMPLES: Words = (
    "Red sports car on mountain road",
    "A futuristic cyberpunk city at night with glowing neon lights, flying vehicles, and rain reflections "
    "on the street",
    "A cinematic portrait of a medieval warrior, golden hour lighting, ultra-detailed armor texture, 4K resolution, "
    "dramatic atmosphere",
    "cyberpunk + realism + cinematic lighting",  # behind any subject
    "a photograph of an astronaut riding a horse",
    "A red cube on top of a blue sphere",
)
