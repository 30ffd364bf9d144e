# ruff: noqa: RUF001, RUF002
"""Characters that stand for others: variants of a letter, letters that look like one of another
script, and digits and signs that are read as letters.

Unicode's own list of confusables is about any two signs that look alike, `m` and `rn` among them;
in words of people that finds what nobody wrote. Here stands what is used to hide words.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache


def _table(*rows: str) -> dict[int, str]:
    """A table for `str.translate` of rows of pairs: `аa еe` reads the first as the second."""
    return {ord(pair[0]): pair[1] for row in rows for pair in row.split()}


VARIANTS = _table(
    # Arabic script, as keyboards of other languages have it.
    "ىي یي ئي ېي ےي کك ڪك أا إا آا ٱا ةه ۀه ہه ھه ەه ؤو ۇو ۆو ۋو",
    # Digits.
    "٠0 ١1 ٢2 ٣3 ٤4 ٥5 ٦6 ٧7 ٨8 ٩9 ۰0 ۱1 ۲2 ۳3 ۴4 ۵5 ۶6 ۷7 ۸8 ۹9 ०0 १1 २2 ३3 ४4 ५5 ६6",
    "७7 ८8 ९9",
    # Greek, whose accents nobody writes in capitals.
    "άα έε ήη ίι όο ύυ ώω ϊι ϋυ ΐι ΰυ",
    # Others.
    "ँं ёе ıi ſs 囗口 〇零",
)
"""Ways to write a letter of the same script, always taken as one."""

_KATAKANA = range(0x30A1, 0x30F7)
VARIANTS.update({code: chr(code - 0x60) for code in _KATAKANA})
KANA_AS_HAN = _table("ニ二 エ工 カ力 ロ口 ト卜 ハ八 タ夕")
"""Katakana that looks like a Chinese character, and is read so where it stands among some."""

LOOK_ALIKES = _table(
    # Cyrillic.
    "аa еe оo рp сc уy хx іi јj ѕs һh ԁd ԛq ԝw кk мm тt нh вb гr зe чa бb шw иu ьb үy",
    "ғf ӏl ҝk ҟk қk ңh ҥh ұy ҳx яr пn АA ВB ЕE КK МM НH ОO РP СC ТT УY ХX ІI ЈJ ЅS",
    # Greek.
    "αa βb εe ιi κk νv οo ρp τt υu χx ηn γy ωw σo ςc ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP",
    "ΤT ΥY ΧX",
    # Small capitals, phonetics, letters that are turned or crossed.
    "ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz ɑa ɡg ɩi",
    "ɛe ɔo ʋu ɯw ɐa ǝe ɹr ʇt ʌv đd ħh łl øo ŧt ƀb ɨi",
    "ⱥa ȼc ɇe ᵴs ʂs ɕc ɱm ƒf ʠq ȿs ʐz ƶz",
    # Cherokee, Canadian syllabics, Armenian, Lisu.
    "Ꭺa Ᏼb Ꮯc Ꭰd Ꭼe Ꮋh Ꭵi Ꭻj Ꮶk Ꮮl Ꮇm Ꮐg Ꮲp Ꮢr Ꮪs Ꭲt Ꮩv Ꮃw Ꮓz ꭺa ꮟb ꮯc ꭰd ꭼe ꮋh ꭵi ꭻj",
    "ꮶk ꮮl ꮇm ꮐg ꮲp ꮢr ꮪs ꭲt ꮩv ꮃw ꮓz",
    "ᑌu ᖴf ᑭp ᗪd ᗩa ᗷb ᑕc ᒍj ᒪl ᗰm ᑎn ᖇr ᐯv ᔕs օo սu հh ոn ցg քp զq ꓐb ꓑp ꓓd ꓔt ꓖg ꓗk",
    "ꓙj ꓚc ꓝf ꓟm ꓠn ꓡl ꓢs ꓣr ꓦv ꓪw ꓫx ꓬy ꓮa ꓰe ꓲi ꓳo ꓴu",
)
"""What a letter looks like in Latin script. Applied only to a word that mixes scripts, has letters
that nobody writes words with, or has nothing but such letters in a text with nothing else of its
script: `сор` in a Russian sentence is Russian."""

_ODD = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɑɡɩɛɔʋɯɐǝɹʇʌⱥȼᵴʂɕɱʠȿʐᑌᖴᑭᗪᗩᗷᑕᒍᒪᗰᑎᖇᐯᔕ"
ODD = re.compile(f"[{_ODD}\u13a0-\u13ff\uab70-\uabbf\ua4d0-\ua4ff]")
"""Letters by which alone a word is known to be hidden."""

LEETSPEAK: Mapping[str, dict[int, str]] = {
    "LATIN": _table("0o 1i 3e 4a 5s 6b 7t 8b 9g @a $s !i |i €e +t ¡i ¢c"),
    "CYRILLIC": _table("0о 1і 3з 4ч 6б @а $с €е |і"),
    "GREEK": _table("0ο 1ι 3ε 4α 5σ 8θ 9ρ @α $σ €ε |ι"),
    "ARABIC": _table("1ا 3ع 5خ 6ط 7ح 9ق"),
    "CJK": _table("0零 1一 2二 3三 4四 5五 6六 7七 8八 9九"),
}
"""By script, what digits and signs are read as among its letters."""
SIGNS = "@$!|€+¡¢"
"""Those of them that are no digits, as they stand in words."""

ONE_LETTER_WORDS = frozenset("aiаиовксяуοηωو")
"""Words of one letter, which may stand before one that is written letter by letter."""

SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003134f"
)
"""Letters of scripts that put no spaces between words, for a class of characters."""

_MERGED = _table("li")


@lru_cache(maxsize=8192)
def script_of(letter: str) -> str:
    """The script that a letter is of, by the first word of its name in Unicode."""
    return "LATIN" if letter < "\x80" else unicodedata.name(letter, "").partition(" ")[0]


def merged(text: str) -> str:
    """`text` with one letter for those that one sign is read as: a 1 is an i or an l."""
    return text.translate(_MERGED)
