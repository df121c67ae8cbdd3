"""The style sheet of the report: plain, light and dark, wide and narrow. The ten colours tell from one another for
most eyes with weak colours too (after Okabe and Ito, and Tableau). Used by report.py."""

__all__ = ["STYLE"]

_LIGHT = ("#2f6db5", "#e08a1e", "#2a9d76", "#c8455b", "#8457a8", "#8a6d53", "#d071b0", "#6f7780", "#a9a02a", "#2aa5b8")
_DARK = ("#7db1ee", "#f2b35c", "#5fcfa6", "#ef8292", "#b995dd", "#bfa083", "#ee9fd3", "#a4adb8", "#d6cd5b", "#66d2e2")


def _colours(values: tuple[str, ...]) -> str:
    rules = (f"--c{k}:{value};" for k, value in enumerate(values))
    return "".join(rules)


_CLASSES = "".join(f".c{k}{{fill:var(--c{k})}}.s{k}{{stroke:var(--c{k})}}" for k in range(len(_LIGHT)))

STYLE = f"""
:root{{--paper:#fbfaf7;--card:#fff;--ink:#22252a;--soft:#6b7178;--rule:#e5e2da;--good:#2a9d76;--bad:#c8455b;
{_colours(_LIGHT)}}}
@media(prefers-color-scheme:dark){{:root{{--paper:#15171a;--card:#1d2024;--ink:#e8e6e1;--soft:#9aa1a9;--rule:#32363c;
--good:#5fcfa6;--bad:#ef8292;{_colours(_DARK)}}}}}
*{{box-sizing:border-box}}
body{{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}}
main{{max-width:68rem;margin:0 auto;padding:2rem 1.1rem 5rem}}
h1{{font-size:clamp(1.6rem,5vw,2.3rem);line-height:1.15;margin:.2em 0}}
h2{{font-size:1.3rem;margin:2.6rem 0 .4rem}} h3{{font-size:1rem;margin:1.4rem 0 .3rem}}
p{{max-width:46rem;margin:.5rem 0}} .soft,figcaption{{color:var(--soft);font-size:.9rem}}
code{{font-size:.85em;overflow-wrap:anywhere}}
nav a{{color:inherit;margin-right:1rem;font-size:.9rem}}
.cards{{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.7rem;margin:1.4rem 0}}
.cards div{{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:.8rem 1rem}}
.cards b{{display:block;font-size:1.75rem;line-height:1.25;font-variant-numeric:tabular-nums}}
.cards span{{color:var(--soft);font-size:.85rem}}
.wide{{overflow-x:auto;background:var(--card);border:1px solid var(--rule);border-radius:12px;margin:.8rem 0}}
table{{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}}
th,td{{padding:.42rem .8rem;text-align:right;white-space:nowrap;border-bottom:1px solid var(--rule)}}
th:first-child,td:first-child{{text-align:left;position:sticky;left:0;background:var(--card)}}
tr:last-child td{{border-bottom:0}} th{{color:var(--soft);font-weight:600}}
tr.ceiling td{{color:var(--soft);font-style:italic}} .good{{color:var(--good)}} .bad{{color:var(--bad)}}
figure{{margin:1rem 0}}
figure.plot{{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:.8rem}}
svg{{display:block;width:100%;height:auto}}
svg text{{fill:var(--ink);font:13px system-ui,sans-serif}} svg text.small{{fill:var(--soft);font-size:11.5px}}
.grid{{stroke:var(--rule)}} .line{{fill:none;stroke-width:2}} .mark{{stroke:var(--ink);stroke-width:1.6}}
.markfill{{fill:var(--ink)}} {_CLASSES}
.sheet{{display:grid;grid-template-columns:repeat(auto-fill,minmax(8.2rem,1fr));gap:.6rem;margin:.6rem 0 1.2rem}}
.sheet figure{{margin:0}} .sheet img{{width:100%;display:block;border-radius:8px;border-bottom:4px solid var(--rule)}}
.sheet .yes img{{border-color:var(--good)}} .sheet .no img{{border-color:var(--bad)}}
.sheet figcaption{{font-size:.72rem;line-height:1.3;margin-top:.25rem}}
.pairs{{display:grid;grid-template-columns:repeat(auto-fill,minmax(12rem,1fr));gap:.8rem}}
.pairs img{{width:50%;display:inline-block}}
details summary{{cursor:pointer;margin:.6rem 0}}
"""
