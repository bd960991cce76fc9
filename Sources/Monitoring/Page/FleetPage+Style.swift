// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension FleetPage {
    /// How it looks, in the light and in the dark, on wide screens and on narrow ones.
    static let style = #"""
        :root {
          --ground: #f6f7f9; --sheet: #ffffff; --ink: #16202c; --soft: #55636f; --line: #d8dee5;
          --empty: #e6eaef; --ours: #1b6ac9; --oursdim: #bcd6f5; --others: #8a8f98; --held: #d9a514;
          --good: #1d7f45; --warn: #a36200; --bad: #b3261e; --badground: #fdeceb;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #10151b; --sheet: #19212a; --ink: #e8edf2; --soft: #a2afbb; --line: #303c48;
            --empty: #2a3541; --ours: #6cb0ff; --oursdim: #274a70; --others: #8b95a1; --held: #e3bb4a;
            --good: #62ce8d; --warn: #f0b354; --bad: #ff8a80; --badground: #3a1d1c;
          }
        }
        * { box-sizing: border-box; }
        [hidden] { display: none !important; }
        body {
          margin: 0; background: var(--ground); color: var(--ink);
          font: 16px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
        }
        .skip { position: absolute; left: -999px; }
        .skip:focus { left: 8px; top: 8px; background: var(--sheet); padding: 8px; z-index: 1; }
        :focus-visible { outline: 3px solid var(--ours); outline-offset: 2px; }
        header {
          display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 20px; padding: 14px 24px;
          background: var(--sheet); border-bottom: 1px solid var(--line);
        }
        h1 { font-size: 1.25rem; margin: 0; letter-spacing: -.01em; }
        header p { margin: 0; color: var(--soft); overflow-wrap: anywhere; }
        #state { margin-left: auto; }
        #lamp {
          display: inline-block; width: .65em; height: .65em; margin-right: .5em; border-radius: 50%;
          background: var(--others);
        }
        .live #lamp { background: var(--good); }
        .lost #lamp { background: var(--bad); }
        .lost #said { color: var(--bad); }
        button {
          font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: 6px;
          padding: 2px 12px; cursor: pointer;
        }
        main { max-width: 1280px; margin: 0 auto; padding: 8px 24px 48px; }
        h2 { font-size: 1rem; margin: 28px 0 10px; }
        h2 small { font-weight: 400; color: var(--soft); margin-left: .5em; }
        ul { list-style: none; margin: 0; padding: 0; }
        .none { color: var(--soft); margin: 0; }
        #problems { background: var(--badground); border-radius: 10px; padding: 2px 16px 14px; margin-top: 16px; }
        #problems h2 { margin: 12px 0 4px; color: var(--bad); }
        #problems li { overflow-wrap: anywhere; }
        #tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-top: 20px; }
        .tile { background: var(--sheet); border: 1px solid var(--line); border-radius: 10px; padding: 10px 14px; }
        .tile b { display: block; font-size: 1.9rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
        .tile span { color: var(--soft); font-size: .88rem; }
        .tile.bad b { color: var(--bad); }
        .tile.good b { color: var(--good); }
        #points li { display: grid; grid-template-columns: minmax(140px, 260px) 1fr minmax(180px, 300px); gap: 4px 14px;
          align-items: center; padding: 4px 0; }
        .track { height: 14px; border-radius: 7px; background: var(--empty); overflow: hidden; position: relative; }
        .fill { position: absolute; inset: 0; width: calc(var(--part, 0) * 100%); background: var(--good);
          transition: width .6s; }
        .near .fill { background: var(--warn); }
        .over .fill { background: var(--bad); }
        .over .tale { color: var(--bad); font-weight: 600; }
        .tale { color: var(--soft); font-size: .9rem; overflow-wrap: anywhere; }
        .legend { color: var(--soft); font-size: .88rem; margin: 0 0 10px; }
        .legend .cell { display: inline-block; vertical-align: -.25em; margin-left: .9em; }
        .legend .cell:first-child { margin-left: 0; }
        .pools { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 380px), 1fr)); gap: 14px; }
        .pool { background: var(--sheet); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px 14px; }
        .pool.blocked { border-color: var(--bad); }
        .pool h3 { font-size: .98rem; margin: 0 0 8px; display: flex; flex-wrap: wrap; gap: 0 10px; }
        .pool h3 span { margin-left: auto; color: var(--soft); font-weight: 400; font-variant-numeric: tabular-nums; }
        .cells { display: flex; flex-wrap: wrap; gap: 5px; }
        .cell { width: 22px; height: 22px; border-radius: 5px; background: var(--empty); position: relative;
          overflow: hidden; }
        .cell::after { content: ""; position: absolute; inset: auto 0 0 0; height: calc(var(--part, 0) * 100%);
          background: var(--ours); transition: height .6s; }
        .cell.ours { background: var(--oursdim); }
        .legend .cell.ours::after { height: 60%; }
        .cell.others { background: var(--others); }
        .cell.held { background: none; border: 2px dashed var(--held); }
        .why { color: var(--bad); margin: 8px 0 0; font-size: .9rem; overflow-wrap: anywhere; }
        details { margin-top: 10px; }
        summary { cursor: pointer; color: var(--soft); font-size: .9rem; }
        .copy { display: grid; grid-template-columns: 1fr 90px 3.2em; gap: 2px 10px; align-items: center;
          padding: 5px 0 1px; font-size: .92rem; }
        .copy .track { height: 8px; }
        .copy .fill { background: var(--ours); }
        .copy.others .fill { background: var(--others); }
        .copy .name { overflow-wrap: anywhere; }
        .copy .number { text-align: right; font-variant-numeric: tabular-nums; }
        .copy .tale { grid-column: 1 / -1; font-size: .84rem; }
        #letters li { display: grid; grid-template-columns: minmax(120px, 220px) 1fr 4em; gap: 14px; align-items: center;
          padding: 4px 0; }
        #letters .fill { background: var(--bad); }
        #letters .number { text-align: right; font-variant-numeric: tabular-nums; }
        @media (max-width: 640px) {
          header, main { padding-left: 14px; padding-right: 14px; }
          #state { margin-left: 0; }
          #points li { grid-template-columns: 1fr; border-bottom: 1px solid var(--line); padding: 8px 0; }
          h2 small { display: block; margin: 0; }
        }
        @media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
        @media (forced-colors: active) { .cell { border: 1px solid CanvasText; } .fill, .cell::after { background: Highlight; } }
        """#
}
