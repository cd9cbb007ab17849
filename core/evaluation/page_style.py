"""The style sheet of all reports: light and dark, narrow and wide, screen and paper."""

from __future__ import annotations

STYLE = """\
:root {
  color-scheme: light dark;
  --page: #ffffff; --ink: #1c2430; --soft: #5b6675; --line: #d8dee6; --panel: #f4f6f9;
  --agree: #1d6fa5; --error: #c2571a; --good: #2e7d4f; --accent: #1d6fa5;
  --series-1: #1d6fa5; --series-2: #c2571a; --series-3: #2e7d4f; --series-4: #7a4fa3;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #14181e; --ink: #e4e9ef; --soft: #9ba7b5; --line: #333c48; --panel: #1d232b;
    --agree: #3f93cc; --error: #d9783c; --good: #57b17c; --accent: #6cb4e4;
    --series-1: #5aa9df; --series-2: #e08a52; --series-3: #63bd88; --series-4: #b08ad6;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
header { border-bottom: 1px solid var(--line); margin-bottom: 1.5rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; font-weight: 650; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; font-weight: 650; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; font-weight: 650; }
p { margin: .5rem 0; max-width: 46rem; }
.subtitle { color: var(--soft); margin-bottom: 1rem; overflow-wrap: anywhere; }
.caption, figcaption { color: var(--soft); font-size: .875rem; text-align: left; max-width: 46rem; }
figcaption { margin-top: .5rem; }
dl.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .75rem;
  margin: 1rem 0; }
dl.figures > div { background: var(--panel); border-radius: .5rem; padding: .8rem 1rem; }
dl.figures dt { color: var(--soft); font-size: .875rem; }
dl.figures dd { margin: 0; }
dl.figures .value { font-size: 1.75rem; line-height: 1.3; font-weight: 650;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
dl.figures .small { color: var(--soft); font-size: .8rem; line-height: 1.35; }
.note { border-left: 4px solid var(--accent); background: var(--panel); padding: .6rem 1rem; margin: .9rem 0;
  border-radius: 0 .4rem .4rem 0; overflow-wrap: anywhere; }
.note.warning { border-color: var(--error); }
.note.good { border-color: var(--good); }
.note ul { margin: 0; padding-left: 1.1rem; }
.note li + li { margin-top: .3rem; }
.note p { margin: .2rem 0; }
.wide { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .9rem .35rem 0; vertical-align: top; text-align: left;
  border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 600; font-size: .825rem; vertical-align: bottom; }
tbody th { font-weight: 500; }
.wide th.number, .wide td.number { text-align: right; white-space: nowrap; }
.wide tbody th { white-space: nowrap; }
.wide td.text { white-space: nowrap; }
.wide td.text:last-child { white-space: normal; min-width: 12rem; }
table.properties { width: 100%; }
table.properties th { width: 34%; min-width: 8rem; color: var(--soft); font-weight: 500; }
table.properties td { overflow-wrap: anywhere; padding-right: 0; }
figure { margin: 1rem 0; }
svg { display: block; max-width: 100%; height: auto; }
.wide > svg { max-width: none; }
.wide.shrink > svg { max-width: 100%; min-width: 24rem; }
svg text { font-family: inherit; fill: var(--ink); font-variant-numeric: tabular-nums; }
svg text.soft { fill: var(--soft); }
svg text.on-color { fill: #ffffff; }
svg .rule { stroke: var(--line); stroke-width: 1; }
.swatch { display: inline-block; width: .8em; height: .8em; border-radius: .15em; margin-right: .45em;
  vertical-align: -.05em; border: 1px solid var(--line); }
.tag { display: inline-block; font-size: .75rem; border: 1px solid var(--error); color: var(--error);
  border-radius: 1em; padding: 0 .5em; margin-left: .4em; white-space: nowrap; }
.entry { display: inline-block; margin-right: .9em; white-space: nowrap; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem; }
.pictures + .pictures { margin-top: 1rem; }
.pictures figure { margin: 0; }
.pictures img { width: 100%; height: auto; display: block; border-radius: .3rem; background: var(--panel);
  image-rendering: auto; }
details > summary { cursor: pointer; color: var(--soft); font-size: .9rem; margin: .5rem 0; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .825rem; }
@media (max-width: 34rem) {
  main { padding: 1.25rem 1rem 3rem; }
  h1 { font-size: 1.4rem; }
  dl.figures { grid-template-columns: 1fr 1fr; }
  dl.figures .value { font-size: 1.4rem; }
}
@media print {
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  h2, h3 { break-after: avoid; }
  figure, tr, .note, dl.figures { break-inside: avoid; }
  .wide { overflow: visible; }
  .wide > svg { max-width: 100%; max-height: 12cm; }
  details > summary { display: none; }
}
"""
