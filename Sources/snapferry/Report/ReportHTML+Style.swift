// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension ReportHTML {
    /// How the page looks: by the reader's own light or dark, and on paper.
    static let style = """
        :root { color-scheme: light dark; --paper: #ffffff; --ink: #14181f; --faint: #5b6573; --line: #d5dae1;
          --panel: #f4f6f8; --bad: #b3261e; --bad-paper: #fbe9e7; --warn: #8a5a00; --warn-paper: #fff3d6;
          --good: #146c2e; --good-paper: #e3f4e7; --accent: #0b57d0; --dot: #0b57d0; --open: #8a5a00; }
        @media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) { --paper: #12151a; --ink: #e8ebf0;
          --faint: #9aa4b2; --line: #313843; --panel: #1b2027; --bad: #ff8a80; --bad-paper: #3a1512; --warn: #ffca5f;
          --warn-paper: #33280f; --good: #7bd88f; --good-paper: #12301b; --accent: #8ab4f8; --dot: #8ab4f8;
          --open: #ffca5f; } }
        :root[data-theme="light"] { color-scheme: light; }
        :root[data-theme="dark"] { color-scheme: dark; --paper: #12151a; --ink: #e8ebf0; --faint: #9aa4b2;
          --line: #313843; --panel: #1b2027; --bad: #ff8a80; --bad-paper: #3a1512; --warn: #ffca5f;
          --warn-paper: #33280f; --good: #7bd88f; --good-paper: #12301b; --accent: #8ab4f8; --dot: #8ab4f8;
          --open: #ffca5f; }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
        a.skip { position: absolute; left: -999px; } a.skip:focus { left: 1rem; top: 1rem; background: var(--paper); }
        header, main, footer { max-width: 110rem; margin: 0 auto; padding: 0 1.5rem; }
        header { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: baseline; padding-top: 1.25rem; }
        h1 { font-size: 1.25rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; }
        header p { margin: 0; color: var(--faint); flex: 1; }
        button, input, select { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line);
          border-radius: .4rem; padding: .35rem .6rem; }
        button { cursor: pointer; }
        :focus-visible { outline: 3px solid var(--accent); outline-offset: 1px; }
        #verdict { display: flex; flex-wrap: wrap; align-items: center; gap: 1rem 3rem; margin: 1rem 0; padding: 1.5rem 2rem;
          border-radius: .8rem; border: 2px solid currentColor; }
        #verdict.good { background: var(--good-paper); color: var(--good); }
        #verdict.bad { background: var(--bad-paper); color: var(--bad); }
        #verdict.warn { background: var(--warn-paper); color: var(--warn); }
        #verdict strong { font-size: clamp(3rem, 11vw, 9rem); line-height: 1; font-variant-numeric: tabular-nums; }
        #verdict span { font-size: clamp(1.3rem, 3.2vw, 3rem); line-height: 1.15; font-weight: 600; max-width: 28ch; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; padding: 0; margin: 0;
          list-style: none; }
        .tiles button { width: 100%; text-align: left; background: var(--panel); padding: .75rem 1rem; }
        .tiles b { display: block; font-size: 2.2rem; line-height: 1.1; font-variant-numeric: tabular-nums; }
        .tiles [aria-pressed="true"] { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
        .routes { display: grid; gap: .5rem; padding: 0; margin: 0; list-style: none; }
        .routes li { display: grid; grid-template-columns: minmax(12rem, 22rem) 1fr minmax(14rem, 26rem); gap: 1rem;
          align-items: center; }
        .track { position: relative; height: 1.1rem; background: var(--panel); border: 1px solid var(--line);
          border-radius: .3rem; overflow: hidden; }
        .track i { position: absolute; inset: 0 auto 0 0; background: var(--good); } .track i.bad { background: var(--bad); }
        .track u { position: absolute; top: 0; bottom: 0; width: 3px; background: var(--ink); }
        .controls { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; margin: 0 0 .6rem; }
        .controls input[type="search"] { flex: 1 1 16rem; max-width: 34rem; }
        .controls output { color: var(--faint); }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
        th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
        th { position: sticky; top: 0; background: var(--paper); white-space: nowrap; z-index: 1; }
        th button { border: 0; padding: .2rem 0; font-weight: 600; background: none; }
        th[aria-sort="ascending"] button::after { content: " ▲"; } th[aria-sort="descending"] button::after { content: " ▼"; }
        td.n, th.n { text-align: right; white-space: nowrap; }
        td small { color: var(--faint); display: block; } td.to { white-space: nowrap; } td.name { min-width: 13rem; } td.name button { border: 0; background: none; padding: 0;
          text-align: left; font-weight: 600; overflow-wrap: anywhere; } td.name button::before { content: "▸ "; color: var(--faint); }
        td.name button[aria-expanded="true"]::before { content: "▾ "; }
        .mark { display: inline-block; padding: .05rem .5rem; border-radius: 1rem; white-space: nowrap; font-weight: 600;
          border: 1px solid currentColor; }
        .mark.bad { color: var(--bad); background: var(--bad-paper); } .mark.warn { color: var(--warn); background: var(--warn-paper); }
        .mark.good { color: var(--good); background: var(--good-paper); } .mark.faint { color: var(--faint); }
        svg.line { width: 100%; min-width: 11rem; height: 1.5rem; display: block; overflow: visible; }
        svg.line rect { fill: var(--good-paper); } svg.line line { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
        svg.line path { stroke-linecap: round; stroke-width: 8; fill: none; vector-effect: non-scaling-stroke; }
        svg.line .done { stroke: var(--dot); } svg.line .open { stroke: var(--open); stroke-width: 6; }
        tr.more td { background: var(--panel); } tr.more table { width: auto; } tr.more th { position: static; background: none; }
        .id { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere; }
        .problems { border: 2px solid var(--warn); border-radius: .5rem; padding: .5rem 1rem; color: var(--warn); }
        footer { color: var(--faint); padding: 2rem 1.5rem; }
        @media (max-width: 45rem) { .routes li { grid-template-columns: 1fr; gap: .2rem; } }
        @media print { :root:root:root { color-scheme: light; --paper: #fff; --ink: #000; --faint: #444;
          --line: #bbb; --panel: #fff; --bad: #a00; --bad-paper: #fff; --warn: #750; --warn-paper: #fff; --good: #050;
          --good-paper: #eef7ee; --accent: #000; --dot: #000; --open: #666; }
          body { font-size: 9pt; } .controls, .skip, header button { display: none; } th { position: static; }
          thead { display: table-header-group; } tr, .routes li, #verdict { break-inside: avoid; }
          #verdict strong { font-size: 48pt; } #verdict span { font-size: 18pt; } .scroll { overflow: visible; }
          * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } @page { size: landscape; margin: 12mm; } }
        """
}
