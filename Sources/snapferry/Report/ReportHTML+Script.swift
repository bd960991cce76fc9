// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension ReportHTML {
    /// What the page does: builds everything from the data block, text as text and never as markup.
    static let script = #"""
        "use strict";
        (() => {
          const data = JSON.parse(document.getElementById("data").textContent);
          const $ = (id) => document.getElementById(id);
          const make = (name, attributes = {}, ...children) => {
            const svg = ["svg", "path", "rect", "line", "title"].includes(name);
            const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
            for (const [key, value] of Object.entries(attributes)) {
              if (key === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
              else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, String(value));
            }
            node.append(...children.filter((child) => child !== null && child !== undefined));
            return node;
          };
          const two = (number) => String(number).padStart(2, "0");
          const span = (seconds) => {
            if (seconds === null || seconds === undefined) return "–";
            const minutes = Math.round(seconds / 60);
            if (minutes < 60) return minutes + "m";
            if (minutes < 96 * 60) return Math.floor(minutes / 60) + "h " + two(minutes % 60) + "m";
            return Math.floor(minutes / 1440) + "d " + two(Math.floor(minutes / 60) % 24) + "h";
          };
          const size = (gib) => gib === null || gib === undefined ? "–"
            : gib < 1024 ? gib + " GiB" : (gib / 1024).toFixed(1).replace(/\.0$/, "") + " TiB";
          const when = (seconds) => {
            if (seconds === null || seconds === undefined) return "–";
            const date = new Date(seconds * 1000);
            return date.getFullYear() + "-" + two(date.getMonth() + 1) + "-" + two(date.getDate()) + " "
              + two(date.getHours()) + ":" + two(date.getMinutes());
          };
          const utc = (seconds) => seconds === null || seconds === undefined ? "" : new Date(seconds * 1000).toISOString();
          const standings = {
            "never-copied": ["never copied", "bad"], "overdue": ["too old", "bad"], "age-unknown": ["age unknown", "bad"],
            "first-copy-due": ["first copy due", "warn"], "in-time": ["in time", "good"], "no-rpo": ["no RPO", "faint"],
            "no-route": ["no route", "faint"], "source-gone": ["source gone", "faint"],
          };
          const state = { text: "", standing: "", place: "", sort: "rank", down: false, open: new Set() };
          data.rows.forEach((row, rank) => {
            row.rank = rank;
            row.newest = row.copies[0] || null;
            row.use = row.rpo && row.exposure !== null ? row.exposure / row.rpo : row.breach ? Infinity : null;
            row.words = [row.database, row.kind, row.account, row.region, row.engine, row.to, row.route || "",
              standings[row.standing][0], row.newest ? row.newest.id : ""].join(" ").toLowerCase();
          });
          const columns = [
            ["Standing", "rank", ""], ["Database", "database", ""], ["To", "to", ""], ["Age", "exposure", "n"],
            ["RPO", "rpo", "n"], ["Of RPO", "use", "n"], ["Copies", "count", "n"], ["Timeline", null, "line"],
            ["Size", "gib", "n"], ["Took", "took", "n"], ["Route", "route", ""],
          ];
          const value = (row, key) => key === "gib" ? row.newest && row.newest.gib : key === "took"
            ? row.newest && row.newest.took : row[key];

          // The window of the timelines: as far back as there are copies, 35 days at the most.
          const live = data.rows.filter((row) => !["source-gone", "no-route"].includes(row.standing));
          const oldest = (live.length ? live : data.rows).reduce((least, row) => row.copies.reduce((min, copy) =>
            copy.taken === null ? min : Math.min(min, copy.taken), least), data.now);
          const reach = Math.max(86400, Math.min(35 * 86400, (data.now - oldest) * 1.03));
          const place = (seconds) => 1000 * (1 - (data.now - seconds) / reach);
          const timeline = (row) => {
            const svg = make("svg", { class: "line", viewBox: "0 0 1000 24", preserveAspectRatio: "none", role: "img",
              "aria-label": row.count + " confirmed copies, newest data " + span(row.age) + " old" });
            if (row.rpo) {
              const x = Math.max(0, place(data.now - row.rpo));
              svg.append(make("rect", { x, y: 2, width: Math.max(0, 1000 - x), height: 20 }));
            }
            svg.append(make("line", { x1: 0, y1: 12, x2: 1000, y2: 12 }));
            const dots = (copies) => copies.filter((copy) => copy.taken !== null && place(copy.taken) >= 0)
              .map((copy) => "M" + Math.min(1000, place(copy.taken)).toFixed(1) + " 12h0.01").join("");
            svg.append(make("path", { class: "done", d: dots(row.copies) }));
            if (row.open.length) svg.append(make("path", { class: "open", d: dots(row.open) }));
            svg.append(make("title", {}, row.copies.slice(0, 12).map((copy) => when(copy.taken)).join(", ")));
            return svg;
          };
          const detail = (row) => {
            const body = make("tbody");
            const add = (copy, word) => body.append(make("tr", {},
              make("td", {}, word), make("td", { class: "id" }, copy.id), make("td", { title: utc(copy.taken) }, when(copy.taken)),
              make("td", { title: utc(copy.copied) }, when(copy.copied)), make("td", { class: "n" }, size(copy.gib)),
              make("td", { class: "n" }, span(copy.took)), make("td", { class: "id" }, copy.key === null ? "not encrypted" : data.keys[copy.key])));
            row.open.forEach((copy) => add(copy, (copy.percent || 0) + "%"));
            row.copies.forEach((copy) => add(copy, copy.held ? "confirmed, held" : "confirmed"));
            const head = make("tr", {}, ...["", "Copy", "Data from", "Copied", "Size", "Took", "Key"].map((name) =>
              make("th", { scope: "col" }, name)));
            const cell = make("td", { colspan: columns.length }, body.children.length
              ? make("table", {}, make("thead", {}, head), body) : "There is no copy.");
            if (row.failed) cell.append(make("p", {}, row.failed + " failed"));
            return make("tr", { class: "more", id: "more-" + row.rank }, cell);
          };
          const line = (row) => {
            const [word, tone] = standings[row.standing];
            const isOpen = state.open.has(row.rank);
            const toggle = make("button", { type: "button", "aria-expanded": String(isOpen), "aria-controls": "more-" + row.rank,
              on: { click: () => {
                const opens = !state.open.delete(row.rank);
                if (opens) state.open.add(row.rank);
                toggle.setAttribute("aria-expanded", String(opens));
                if (opens) node.after(detail(row)); else $("more-" + row.rank)?.remove();
              } } }, row.database);
            const node = make("tr", { "data-standing": row.standing },
              make("td", {}, make("span", { class: "mark " + (row.breach ? "bad" : tone === "bad" ? "warn" : tone) }, word)),
              make("td", { class: "name" }, toggle, make("small", {}, [row.kind, row.engine, row.account, row.region].filter(Boolean).join(" · "))),
              make("td", { class: "to" }, row.to), make("td", { class: "n" }, row.age === null && row.exposure !== null ? "> " + span(row.exposure) : span(row.age)),
              make("td", { class: "n" }, span(row.rpo)),
              make("td", { class: "n" }, row.use === null ? "–" : row.use === Infinity ? "∞" : Math.round(row.use * 100) + "%"),
              make("td", { class: "n" }, String(row.count) + (row.open.length ? " + " + row.open.length : "")),
              make("td", { class: "line" }, timeline(row)),
              make("td", { class: "n" }, size(row.newest && row.newest.gib)),
              make("td", { class: "n" }, span(row.newest && row.newest.took)), make("td", {}, row.route || "–"));
            return isOpen ? [node, detail(row)] : [node];
          };
          const shown = () => data.rows.filter((row) => (!state.standing || (state.standing === "breach" ? row.breach
            : row.standing === state.standing)) && (!state.place || row.to === state.place)
            && state.text.toLowerCase().split(/\s+/).every((word) => row.words.includes(word)));
          const compare = (left, right) => {
            const [a, b] = [value(left, state.sort), value(right, state.sort)];
            const missing = (x) => x === null || x === undefined;
            // What nobody knows comes last either way.
            if (missing(a) || missing(b)) return missing(a) - missing(b) || left.rank - right.rank;
            const order = typeof a === "number" ? a - b : String(a).localeCompare(String(b));
            return (state.down ? -order : order) || left.rank - right.rank;
          };
          const draw = () => {
            const rows = shown().sort(compare);
            $("rows").replaceChildren(...rows.flatMap(line));
            $("count").textContent = rows.length + " of " + data.rows.length;
            for (const cell of $("heads").children) {
              const isSorted = cell.dataset.key === state.sort;
              if (cell.dataset.key) cell.setAttribute("aria-sort", isSorted ? (state.down ? "descending" : "ascending") : "none");
            }
            for (const tile of document.querySelectorAll(".tiles button")) {
              tile.setAttribute("aria-pressed", String(tile.dataset.standing === state.standing));
            }
            $("standing").value = state.standing;
          };

          const breaches = data.rows.filter((row) => row.breach).length;
          const judged = data.rows.filter((row) => row.rpo && !["no-route", "source-gone"].includes(row.standing)).length;
          const verdict = $("verdict");
          verdict.className = breaches ? "bad" : data.problems.length || !judged ? "warn" : "good";
          verdict.append(make("strong", {}, String(breaches || judged)), make("span", {}, breaches
            ? "of " + judged + " recovery points break their RPO" : judged ? "recovery points, all within their RPO"
            : "recovery points have an RPO to keep"));
          const count = (standing) => data.rows.filter((row) => row.standing === standing).length;
          const tile = (number, word, standing) => make("li", {}, make("button", { type: "button", "data-standing": standing,
            on: { click: () => { state.standing = state.standing === standing ? "" : standing; draw(); } } },
            make("b", {}, String(number)), word));
          $("tiles").append(tile(breaches, "beyond their RPO", "breach"), ...Object.entries(standings)
            .filter(([standing]) => count(standing)).map(([standing, [word]]) => tile(count(standing), word, standing)));
          for (const route of data.routes) {
            const top = Math.max(route.rpo || 0, route.age || 0, 1) * 1.1;
            const track = make("div", { class: "track" });
            const bar = make("i", { class: route.breached ? "bad" : "" });
            bar.style.width = 100 * (route.age || 0) / top + "%";
            track.append(bar);
            if (route.rpo) { const mark = make("u"); mark.style.left = 100 * route.rpo / top + "%"; track.append(mark); }
            $("routes").append(make("li", {}, make("b", {}, route.route + " → " + route.to), track, make("span", {},
              route.age === null ? "nothing known" : span(route.age) + (route.rpo ? " of " + span(route.rpo) : "")
                + " · " + route.worst + (route.breached ? " · " + route.breached + " beyond" : ""))));
          }
          for (const problem of data.problems) $("problems").append(make("li", {}, problem));
          $("trouble").hidden = !data.problems.length;
          for (const [name, key, kind] of columns) {
            const act = { click: () => { state.down = state.sort === key ? !state.down : ["exposure", "use", "count", "gib", "took"]
              .includes(key); state.sort = key; draw(); } };
            $("heads").append(make("th", { scope: "col", class: kind, "data-key": key },
              key ? make("button", { type: "button", on: act }, name) : name));
          }
          for (const [standing, [word]] of Object.entries(standings)) if (count(standing)) {
            $("standing").append(make("option", { value: standing }, word));
          }
          for (const to of [...new Set(data.rows.map((row) => row.to))].sort()) $("place").append(make("option", { value: to }, to));
          $("filter").addEventListener("input", (event) => { state.text = event.target.value; draw(); });
          $("standing").addEventListener("change", (event) => { state.standing = event.target.value; draw(); });
          $("place").addEventListener("change", (event) => { state.place = event.target.value; draw(); });
          document.addEventListener("keydown", (event) => {
            const isTyping = ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName);
            if (event.key === "/" && !isTyping) { event.preventDefault(); $("filter").focus(); }
            if (event.key === "Escape" && event.target === $("filter")) { event.target.value = ""; state.text = ""; draw(); }
          });
          const themes = ["auto", "light", "dark"];
          let theme = 0;
          $("theme").addEventListener("click", () => {
            theme = (theme + 1) % themes.length;
            if (theme) document.documentElement.dataset.theme = themes[theme]; else delete document.documentElement.dataset.theme;
            $("theme").textContent = "Colours: " + themes[theme];
          });
          $("made").textContent = "As of " + when(data.now) + " · timelines reach back " + span(reach);
          $("made").title = utc(data.now);
          for (const item of data.uncovered) $("uncovered").append(make("tr", {}, make("td", {}, item.database),
            make("td", {}, item.kind), make("td", {}, item.account + "/" + item.region), make("td", {}, item.engine),
            make("td", {}, item.why)));
          $("outside").hidden = !data.uncovered.length;
          draw();
        })();
        """#
}
