"""Time zone abbreviations that input accepts: PostgreSQL's Default set.

An entry is a fixed offset in seconds east of UTC (`d`: daylight saving time), or the name of a zone whose own meaning of the
abbreviation at the given time counts (MSK has had several).

    ABBREVIATIONS["est"] == (-18000, False);  ABBREVIATIONS["msk"] == "Europe/Moscow"

Source: PostgreSQL 15, share/timezonesets/Default.
"""

from __future__ import annotations

_TABLE = """
acdt 37800 d; acsst 37800 d; acst 34200; act -18000; acwst 31500; adt -10800 d; aedt 39600 d; aesst 39600 d;
aest 36000; aft 16200; akdt -28800 d; akst -32400; almst 25200 d; almt 21600; amst Asia/Yerevan; amt -14400;
anast Asia/Anadyr; anat Asia/Anadyr; arst America/Argentina/Buenos_Aires; art America/Argentina/Buenos_Aires;
ast -14400; awsst 32400 d; awst 28800; azost 0 d; azot -3600; azst Asia/Baku; azt Asia/Baku; bdst 7200 d;
bdt 21600; bnt 28800; bort 28800; bot -14400; bra -10800; brst -7200 d; brt -10800; bst 3600 d; btt 21600;
cadt 37800 d; cast 34200; cct 28800; cdt -18000 d; cest 7200 d; cet 3600; cetdst 7200 d; chadt 49500 d;
chast 45900; chut 36000; ckt Pacific/Rarotonga; clst -10800 d; clt America/Santiago; cot -18000; cst -21600;
cxt 25200; davt Antarctica/Davis; ddut 36000; easst Pacific/Easter; east Pacific/Easter; eat 10800; edt -14400 d;
eest 10800 d; eet 7200; eetdst 10800 d; egst 0 d; egt -3600; est -18000; fet 10800; fjst 46800 d; fjt 43200;
fkst Atlantic/Stanley; fkt Atlantic/Stanley; fnst -3600 d; fnt -7200; galt -21600; gamt -32400; gest Asia/Tbilisi;
get Asia/Tbilisi; gft -10800; gilt 43200; gmt 0; gyt America/Guyana; hkt 28800; hst -36000; ict 25200;
idt 10800 d; iot Indian/Chagos; irkst Asia/Irkutsk; irkt Asia/Irkutsk; irt 12600; ist 7200; jayt 32400; jst 32400;
kdt 36000 d; kgst 21600 d; kgt Asia/Bishkek; kost Pacific/Kosrae; krast Asia/Krasnoyarsk; krat Asia/Krasnoyarsk;
kst 32400; lhdt Australia/Lord_Howe; lhst 37800; ligt 36000; lint Pacific/Kiritimati; lkt Asia/Colombo;
magst Asia/Magadan; magt Asia/Magadan; mart -34200; mawt Antarctica/Mawson; mdt -21600 d; mest 7200 d;
mesz 7200 d; met 3600; metdst 7200 d; mez 3600; mht 43200; mmt 23400; mpt 36000; msd 14400 d; msk Europe/Moscow;
mst -25200; must 18000 d; mut 14400; mvt 18000; myt 28800; ndt -9000 d; nft -12600; novst Asia/Novosibirsk;
novt Asia/Novosibirsk; npt 20700; nst -12600; nut Pacific/Niue; nzdt 46800 d; nzst 43200; nzt 43200;
omsst Asia/Omsk; omst Asia/Omsk; pdt -25200 d; pet -18000; petst Asia/Kamchatka; pett Asia/Kamchatka; pgt 36000;
pht 28800; pkst 21600 d; pkt 18000; pmdt -7200 d; pmst -10800; pont 39600; pst -28800; pwt 32400; pyst -10800 d;
pyt America/Asuncion; ret 14400; sadt 37800 d; sast 7200; sct 14400; sgt Asia/Singapore; taht -36000; tft 18000;
tjt 18000; tkt Pacific/Fakaofo; tmt Asia/Ashgabat; tot 46800; trut 36000; tvt 43200; uct 0; ulast 32400 d;
ulat Asia/Ulaanbaatar; ut 0; utc 0; uyst -7200 d; uyt -10800; uzst 21600 d; uzt 18000; vet America/Caracas;
vlast Asia/Vladivostok; vlat Asia/Vladivostok; volt Europe/Volgograd; vut 39600; wadt 28800 d; wakt 43200;
wast 25200; wat 3600; wdt 32400 d; wet 0; wetdst 3600 d; wft 43200; wgst -7200 d; wgt -10800; xjt 21600;
yakst Asia/Yakutsk; yakt Asia/Yakutsk; yapt 36000; yekst 21600 d; yekt Asia/Yekaterinburg; z 0; zulu 0;
"""


def _load() -> dict[str, tuple[int, bool] | str]:
    table: dict[str, tuple[int, bool] | str] = {}
    for entry in _TABLE.replace("\n", " ").split(";"):
        words = entry.split()
        if words:
            name, meaning = words[0], words[1]
            table[name] = meaning if "/" in meaning else (int(meaning), len(words) > 2)
    return table


ABBREVIATIONS = _load()
