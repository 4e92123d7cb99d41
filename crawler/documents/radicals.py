"""CJK radicals that a text layer holds in place of the ideographs they look like.

Fonts such as Noto Sans CJK draw a radical and its ideograph with one glyph, and a PDF text layer may name the radical
(⻢ for 马). The equivalents are those of Unicode's ``EquivalentUnifiedIdeograph.txt`` (15.0): for the Kangxi block they
are the compatibility decompositions, for the supplement they stand below in pairs.
"""

from __future__ import annotations

import re
import unicodedata

_SUPPLEMENT = (
    "⺁厂⺂乛⺃乚⺄乙⺅亻⺆冂⺈刀⺉刂⺊卜⺋㔾⺌小⺍小⺎兀⺏尣⺐尢⺒巳⺓幺⺔彑⺖忄⺗心⺘扌⺙攵⺛旡⺜日⺝月⺞歺⺟母⺠民⺡氵⺢氺⺣灬⺤爫⺥爫⺦丬⺧牛⺨犭⺩王⺫目⺬示⺭礻⺯糹⺰纟⺱罓⺲罒⺳㓁⺴冗⺶羊⺹耂⺺肀⺻聿"
    "⺼肉⺾艹⺿艹⻀艹⻁虎⻂衤⻃覀⻄西⻅见⻆角⻈讠⻉贝⻋车⻌辶⻍辶⻎辶⻏邑⻐钅⻑長⻒镸⻓长⻔门⻖阝⻗雨⻘青⻙韦⻚页⻛风⻜飞⻝食⻟飠⻠饣⻢马⻣骨⻤鬼⻥鱼⻦鸟⻧卤⻨麦⻩黄⻪黾⻫斉⻬齐⻭歯⻮齿⻯竜⻰龙⻱龜⻲亀⻳龟"
)
_KANGXI = range(0x2F00, 0x2FD6)

EQUIVALENTS: dict[int, str] = {
    **{code: unicodedata.normalize("NFKC", chr(code)) for code in _KANGXI},
    **{ord(radical): ideograph for radical, ideograph in zip(_SUPPLEMENT[::2], _SUPPLEMENT[1::2], strict=True)},
}
"""Code point of the radical -> its unified ideograph."""

_RADICAL = re.compile("[\u2e80-\u2fd5]")


def fold_radicals(text: str) -> str:
    """The text with every CJK radical replaced by its unified ideograph.

    >>> fold_radicals("洛宁县⻢店镇⼈⺠政府")
    '洛宁县马店镇人民政府'
    """
    return text.translate(EQUIVALENTS) if _RADICAL.search(text) else text
