// SPDX-License-Identifier: Apache-2.0

enum PageStyle {
  static let text = #"""
    :root {
      --bg: #f6f7fb; --panel: #fff; --line: #e3e6ef; --text: #171a26; --soft: #5d6479; --accent: #4f46e5; --accent-soft: #eceafd; --code: #f1f2f8;
      --shadow: 0 1px 2px rgb(20 24 50 / .05), 0 8px 24px -12px rgb(20 24 50 / .12); --good: #0f8a5f;
      font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; color: var(--text); background: var(--bg);
    }
    @media (prefers-color-scheme: dark) { :root:not([data-theme=light]) {
      --bg: #0e1018; --panel: #171a26; --line: #282d3f; --text: #e8eaf4; --soft: #98a0b8; --accent: #9d97ff; --accent-soft: #25244a; --code: #0f121c;
      --shadow: none; --good: #4ade9f;
    } }
    :root[data-theme=dark] {
      --bg: #0e1018; --panel: #171a26; --line: #282d3f; --text: #e8eaf4; --soft: #98a0b8; --accent: #9d97ff; --accent-soft: #25244a; --code: #0f121c;
      --shadow: none; --good: #4ade9f; color-scheme: dark;
    }
    :root[data-theme=light] { color-scheme: light; }
    * { box-sizing: border-box; }
    body { margin: 0; min-height: 100vh; }
    a { color: var(--accent); text-decoration: none; }
    a:hover { text-decoration: underline; }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 6px; }
    main:focus { outline: none; }
    code, pre, .mono { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
    .skip { position: absolute; left: -999px; } .skip:focus { left: 12px; top: 12px; z-index: 3; background: var(--panel); padding: 8px 12px; }

    .top { position: sticky; top: 0; z-index: 2; display: flex; gap: 20px; align-items: center; padding: 12px max(20px, calc((100vw - 1080px) / 2 + 20px));
      background: color-mix(in srgb, var(--panel) 88%, transparent); backdrop-filter: blur(10px); border-bottom: 1px solid var(--line); }
    .brand { display: flex; gap: 10px; align-items: center; font-size: 18px; color: var(--text); white-space: nowrap; letter-spacing: -.01em; }
    .brand:hover { text-decoration: none; } .brand b { color: var(--accent); }
    .search { flex: 1; display: flex; align-items: center; gap: 10px; padding: 0 12px; height: 40px; background: var(--bg); border: 1px solid var(--line);
      border-radius: 10px; color: var(--soft); transition: border-color .15s, box-shadow .15s; }
    .search:focus-within { border-color: var(--accent); box-shadow: 0 0 0 3px var(--accent-soft); }
    .search input { flex: 1; min-width: 0; border: 0; background: none; color: var(--text); font: inherit; outline: none; }
    svg { fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; flex: none; } svg .half { fill: currentColor; }
    kbd { font: 12px/1 ui-monospace, monospace; padding: 4px 7px; border: 1px solid var(--line); border-radius: 5px; color: var(--soft); background: var(--panel); }
    .top nav { display: flex; gap: 10px; align-items: center; color: var(--soft); }
    button { font: inherit; cursor: pointer; color: inherit; }
    .quiet { display: grid; place-items: center; width: 38px; height: 38px; border: 1px solid var(--line); border-radius: 10px; background: var(--panel); }
    .quiet:hover { color: var(--accent); border-color: var(--accent); }

    main { max-width: 1080px; margin: 0 auto; padding: 32px 20px 80px; }
    h1 { margin: 0; font-size: 26px; line-height: 1.25; letter-spacing: -.02em; overflow-wrap: anywhere; }
    h2 { margin: 36px 0 12px; font-size: 16px; letter-spacing: -.01em; display: flex; gap: 10px; align-items: baseline; }
    h2 small { font-weight: 400; color: var(--soft); }
    .lead { color: var(--soft); margin: 6px 0 0; max-width: 75ch; overflow-wrap: anywhere; }
    .crumbs { color: var(--soft); font-size: 13.500px; margin-bottom: 10px; overflow-wrap: anywhere; } .crumbs span { margin: 0 6px; opacity: .6; }
    .row { display: flex; justify-content: space-between; align-items: baseline; gap: 16px; flex-wrap: wrap; }
    .panel { background: var(--panel); border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--shadow); }
    .empty { text-align: center; color: var(--soft); padding: 72px 20px; } .empty b { display: block; color: var(--text); font-size: 17px; margin-bottom: 6px; }

    .cards { display: grid; gap: 12px; margin-top: 20px; grid-template-columns: repeat(auto-fill, minmax(330px, 1fr)); }
    .card { display: flex; flex-direction: column; gap: 8px; padding: 16px 18px; color: var(--text); min-height: 136px; transition: border-color .12s, transform .12s; }
    .card:hover, .card:focus-visible { border-color: var(--accent); text-decoration: none; transform: translateY(-1px); }
    .card strong { font-size: 16px; letter-spacing: -.01em; overflow-wrap: anywhere; } .card strong span { color: var(--soft); font-weight: 400; }
    .card p { margin: 0; color: var(--soft); flex: 1; display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; overflow: hidden; }
    .meta { display: flex; gap: 6px 14px; flex-wrap: wrap; font-size: 13px; color: var(--soft); align-items: center; }
    .chip { display: inline-block; padding: 1px 9px; border-radius: 99px; font-size: 12.500px; background: var(--accent-soft); color: var(--accent); white-space: nowrap; }
    mark { background: var(--accent-soft); color: var(--accent); border-radius: 3px; padding: 0 1px; }

    .pull { margin-top: 22px; overflow: hidden; }
    .tabs { display: flex; gap: 2px; padding: 8px 8px 0; flex-wrap: wrap; }
    .tabs button { border: 0; background: none; padding: 6px 12px; border-radius: 8px; color: var(--soft); font-size: 13.500px; }
    .tabs button:hover { color: var(--text); } .tabs button[aria-selected=true] { background: var(--accent-soft); color: var(--accent); font-weight: 600; }
    .command { display: flex; align-items: center; gap: 12px; margin: 8px; padding: 10px 10px 10px 16px; background: var(--code); border-radius: 9px; }
    .command code { flex: 1; min-width: 0; overflow-x: auto; scrollbar-width: none; white-space: nowrap; padding: 4px 0; font-size: 14px; } .command code::before { content: "$ "; color: var(--soft); }
    .copy { display: inline-flex; gap: 7px; align-items: center; border: 0; border-radius: 8px; padding: 7px 14px; background: var(--accent); color: #fff; font-weight: 600;
      font-size: 13.500px; } .copy:hover { filter: brightness(1.08); } .copy.done { background: var(--good); }
    :root[data-theme=dark] .copy { color: #14132b; }
    @media (prefers-color-scheme: dark) { :root:not([data-theme=light]) .copy { color: #14132b; } }
    .mini { border: 0; background: none; padding: 2px 6px; color: var(--soft); border-radius: 6px; vertical-align: -3px; } .mini:hover { color: var(--accent); }

    table { width: 100%; border-collapse: collapse; }
    th { text-align: left; font-size: 12.500px; font-weight: 600; color: var(--soft); padding: 12px 18px; border-bottom: 1px solid var(--line); }
    td { overflow-wrap: anywhere; padding: 12px 18px; border-bottom: 1px solid var(--line); vertical-align: middle; } tr:last-child td { border-bottom: 0; }
    tbody tr:hover { background: color-mix(in srgb, var(--accent-soft) 40%, transparent); }
    td.num, th.num { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; } td a.tag { font-weight: 600; }

    .facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(190px, 42vw), 1fr)); gap: 1px; background: var(--line); overflow: hidden; margin-top: 14px; }
    .facts > div { background: var(--panel); padding: 13px 18px; min-width: 0; } .facts dt { font-size: 12.500px; color: var(--soft); }
    .facts dd { margin: 2px 0 0; overflow-wrap: anywhere; } .facts .wide { grid-column: 1 / -1; } .facts .label { display: flex; flex-wrap: wrap; gap: 2px 12px; padding: 2px 0; } .facts .label code { color: var(--soft); } dl { margin: 0; }
    .big { font-size: 20px; font-weight: 650; letter-spacing: -.02em; }
    .layers { list-style: none; margin: 0; padding: 6px 0; } .layers li { display: grid; grid-template-columns: 38px minmax(0, 1fr) 92px; gap: 6px 12px; padding: 9px 18px; align-items: center; }
    .layers li + li { border-top: 1px solid var(--line); } .layers .n { color: var(--soft); font-size: 13px; font-variant-numeric: tabular-nums; }
    .layers .what { min-width: 0; overflow-wrap: anywhere; white-space: pre-wrap; } .layers .what b { color: var(--accent); font-weight: 650; }
    .layers .size { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } .layers .none { color: var(--soft); font-size: 13px; }
    .bar { grid-column: 2 / 4; height: 6px; border-radius: 4px; background: var(--code); overflow: hidden; } .bar i { display: block; height: 100%; border-radius: 4px; min-width: 3px;
      background: linear-gradient(90deg, #38bdf8, #6366f1 60%, #a78bfa); }
    .layers .id { grid-column: 2 / 4; color: var(--soft); font-size: 12.500px; }
    #toast { position: fixed; left: 50%; bottom: 28px; transform: translate(-50%, 80px); background: var(--text); color: var(--bg); padding: 10px 18px; border-radius: 99px;
      opacity: 0; transition: .25s; pointer-events: none; font-size: 14px; } #toast.shown { transform: translate(-50%, 0); opacity: 1; }
    @media (max-width: 640px) {
      .top { flex-wrap: wrap; gap: 12px; } .search { order: 3; flex-basis: 100%; } .top nav { margin-left: auto; } kbd, .hide { display: none; }
      main { padding-top: 22px; } .cards { grid-template-columns: 1fr; } th, td { padding: 10px 12px; } .layers li { grid-template-columns: 26px minmax(0, 1fr) 80px; padding: 9px 12px; }
    }
    @media (prefers-reduced-motion: reduce) { * { transition: none !important; } }

    """#
}
