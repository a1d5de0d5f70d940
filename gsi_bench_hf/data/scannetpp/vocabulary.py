"""What annotators call things, as far as edits must know: what is built in, what is furniture, what has a front, Chinese nouns."""

from __future__ import annotations

from functools import cache

SHELL = frozenset(
    {
        "wall", "floor", "ceiling", "door", "doorframe", "door frame", "window", "windowframe", "window frame",
        "window sill", "windowsill", "pillar", "column", "beam", "stairs", "railing", "skirting", "baseboard",
        "structure", "split", "remove",
    }
)  # fmt: skip
"""The room itself, and what annotators use for leftovers."""

FIXED = frozenset(
    {
        "table", "desk", "coffee table", "dining table", "side table", "nightstand", "bedside table", "workbench",
        "counter", "kitchen counter", "kitchen cabinet", "cabinet", "cupboard", "closet", "wardrobe", "dresser",
        "chest of drawers", "shelf", "bookshelf", "shelving unit", "rack", "bed", "bunk bed", "mattress", "sofa",
        "couch", "bathtub", "toilet", "sink", "shower", "refrigerator", "fridge", "oven", "stove", "dishwasher",
        "washing machine", "dryer", "radiator", "heater", "fireplace", "curtain", "curtains", "blinds", "jalousie",
        "roller blind", "rug", "carpet", "mat", "bath mat", "painting", "picture", "poster", "mirror", "whiteboard",
        "blackboard", "pinboard", "bulletin board", "ceiling lamp", "light", "lamp fixture", "light switch", "socket",
        "power socket", "outlet", "pipe", "cable", "wire", "air vent", "vent", "smoke detector", "cable duct",
        "blanket", "sheet", "bedsheet", "towel rail", "coat rack", "piano", "wall clock", "tap", "faucet",
        "blind rail", "row of books", "books", "papers", "clothes", "cloth", "stack of papers",
    }
)  # fmt: skip
"""Furniture, what hangs, what is built in, and heaps that are no one thing: named in instructions, never their target."""

FRONTED = frozenset(
    {
        "chair", "office chair", "dining chair", "armchair", "stool with back", "monitor", "computer monitor",
        "screen", "tv", "laptop", "keyboard", "printer", "copier", "telephone", "phone", "mug", "cup", "kettle",
        "teapot", "watering can", "coffee machine", "coffee maker", "microwave", "toaster", "clock", "alarm clock",
        "camera", "shoe", "shoes", "pair of shoes", "teddy bear", "stuffed animal", "plush toy", "toy car",
        "rubber duck", "figurine", "iron", "fan", "radio", "speaker", "backpack", "bag", "suitcase", "picture frame",
        "photo frame", "desk lamp", "stapler", "mouse", "computer mouse", "game controller", "helmet",
    }
)  # fmt: skip
"""Things of which anybody sees which way they face; only these are turned."""

CHINESE = {
    "chair": "椅子", "office chair": "办公椅", "armchair": "扶手椅", "stool": "凳子", "monitor": "显示器",
    "laptop": "笔记本电脑", "keyboard": "键盘", "mouse": "鼠标", "printer": "打印机", "telephone": "电话",
    "phone": "手机", "mug": "马克杯", "cup": "杯子", "glass": "玻璃杯", "bottle": "瓶子", "bowl": "碗",
    "plate": "盘子", "pot": "锅", "pan": "平底锅", "kettle": "水壶", "teapot": "茶壶", "plant": "植物",
    "potted plant": "盆栽", "vase": "花瓶", "book": "书", "box": "盒子", "cardboard box": "纸箱", "bag": "袋子",
    "backpack": "背包", "suitcase": "行李箱", "pillow": "枕头", "cushion": "靠垫", "lamp": "灯", "table lamp": "台灯",
    "desk lamp": "台灯", "clock": "时钟", "alarm clock": "闹钟", "trash can": "垃圾桶", "trash bin": "垃圾桶",
    "bucket": "水桶", "basket": "篮子", "shoe": "鞋子", "shoes": "鞋子", "hat": "帽子", "ball": "球", "toy": "玩具",
    "teddy bear": "泰迪熊", "candle": "蜡烛", "tissue box": "纸巾盒", "paper towel": "厨房纸", "towel": "毛巾",
    "speaker": "音箱", "headphones": "耳机", "tv": "电视", "microwave": "微波炉", "toaster": "烤面包机",
    "coffee machine": "咖啡机", "picture frame": "相框", "folder": "文件夹", "binder": "文件夹", "jar": "罐子",
    "can": "罐头", "soap dispenser": "皂液器", "umbrella": "雨伞", "helmet": "头盔", "fan": "风扇", "table": "桌子",
    "desk": "书桌", "coffee table": "茶几", "nightstand": "床头柜", "bed": "床", "sofa": "沙发", "cabinet": "柜子",
    "wardrobe": "衣柜", "shelf": "架子", "bookshelf": "书架", "sink": "水槽", "bathtub": "浴缸", "toilet": "马桶",
}  # fmt: skip
"""Nouns that photographs have and the simulator has not, or calls otherwise."""


def is_movable(label: str) -> bool:
    """Whether a thing of that label may be the target of an edit.

    >>> is_movable("mug"), is_movable("kitchen cabinet"), is_movable("wall")
    (True, False, False)
    """
    return label not in SHELL and label not in FIXED


def chinese_of(label: str) -> str | None:
    """The Chinese noun for a thing of that label; None where there is none, and no Chinese instruction until somebody gives one.

    >>> chinese_of("mug"), chinese_of("sneaker"), chinese_of("thingamabob")
    ('马克杯', '运动鞋', None)
    """
    return CHINESE.get(label) or _simulated().get(label)


@cache
def _simulated() -> dict[str, str]:
    """What the simulator calls its things."""
    from gsi_bench_hf.synth.assets import KINDS

    return {kind.label: kind.label_zh for kind in (KINDS[name] for name in KINDS)}
