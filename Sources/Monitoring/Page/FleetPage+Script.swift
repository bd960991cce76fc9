// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension FleetPage {
    /// Asks every five seconds how the fleet stands, and changes what has changed.
    ///
    /// Whatever AWS says gets into the page as text, never as markup.
    static let script = #"""
        "use strict";
        (() => {
          const pace = 5000, patience = 40000;
          const at = (id) => document.getElementById(id);
          let document_ = null, seen = 0, lostSince = 0, why = "", paused = false, timer = 0, asking = false;

          const make = (tag, name, text) => {
            const node = document.createElement(tag);
            if (name) node.className = name;
            if (text !== undefined) node.textContent = text;
            return node;
          };
          const say = (node, text) => { if (node.textContent !== text) node.textContent = text; };
          const part = (node, share) => node.style.setProperty("--part", Math.max(0, Math.min(1, share || 0)).toFixed(3));
          const one = (count, word) => count + " " + word + (count === 1 ? "" : "s");
          const span = (seconds) => {
            if (seconds === null || seconds === undefined) return "unknown";
            const whole = Math.max(0, Math.round(seconds));
            const [d, h, m] = [Math.floor(whole / 86400), Math.floor(whole / 3600), Math.floor(whole / 60)];
            if (d >= 3) return d + "d " + (h % 24) + "h";
            if (h >= 1) return h + "h " + String(m % 60).padStart(2, "0") + "m";
            return m >= 1 ? m + "m" : whole + "s";
          };
          const clock = (text) =>
            new Date(text).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

          // Children that stay the same nodes as long as their keys do: what has focus or is open stays so.
          const sync = (parent, items, key, create, update) => {
            const old = new Map([...parent.children].map((node) => [node.dataset.key, node]));
            let next = parent.firstElementChild;
            for (const item of items) {
              const name = String(key(item));
              let node = old.get(name);
              if (node) old.delete(name);
              else { node = create(item); node.dataset.key = name; }
              if (node === next) next = next.nextElementSibling;
              else parent.insertBefore(node, next);
              update(node, item);
            }
            for (const node of old.values()) node.remove();
          };

          const bar = (label) => {
            const track = make("div", "track");
            track.setAttribute("role", "progressbar");
            track.setAttribute("aria-valuemin", "0");
            track.setAttribute("aria-valuemax", "100");
            track.append(make("div", "fill"));
            if (label) track.setAttribute("aria-label", label);
            return track;
          };
          const fill = (track, share, label) => {
            part(track.firstElementChild, share);
            track.setAttribute("aria-valuenow", String(Math.round(Math.max(0, Math.min(1, share || 0)) * 100)));
            if (label) track.setAttribute("aria-label", label);
          };

          const tiles = (fleet) => {
            const copies = fleet.pools.flatMap((pool) => pool.copies || []);
            const known = fleet.pools.some((pool) => pool.copies);
            const dead = fleet.deadLetterQueue
              ? fleet.deadLetterQueue.visible + fleet.deadLetterQueue.inFlight + fleet.deadLetterQueue.delayed : null;
            const late = fleet.recoveryPoints.reduce((sum, point) => sum + point.breachedCount, 0);
            const number = (value) => (value === null || value === undefined ? "?" : String(value));
            const taken = fleet.pools.reduce((sum, pool) => sum + (pool.taken || 0), 0);
            const limit = fleet.pools.reduce((sum, pool) => sum + pool.limit, 0);
            return [
              { name: "waiting on the queue", value: number(fleet.queue && fleet.queue.visible) },
              { name: "with workers", value: number(fleet.queue && fleet.queue.inFlight) },
              { name: "copies in progress", value: known ? number(copies.length) : "?" },
              { name: "slots taken", value: taken + " / " + limit },
              { name: "dead letters", value: number(dead), mood: dead ? "bad" : "" },
              { name: "beyond their RPO", value: number(late), mood: late ? "bad" : "good" },
            ];
          };
          const showTiles = (fleet) => sync(at("tiles"), tiles(fleet), (tile) => tile.name, (tile) => {
            const node = make("div", "tile");
            node.append(make("b"), make("span", "", tile.name));
            return node;
          }, (node, tile) => {
            node.className = "tile " + (tile.mood || "");
            say(node.firstElementChild, tile.value);
          });

          const none = (section, count) => { section.querySelector(".none").hidden = count > 0; };

          const showPoints = (fleet) => {
            const section = at("points");
            none(section, fleet.recoveryPoints.length);
            sync(section.querySelector("ul"), fleet.recoveryPoints,
              (point) => point.route + "\u0000" + point.account + "/" + point.region, () => {
                const node = make("li");
                node.append(make("span", "name"), bar(), make("span", "tale"));
                return node;
              }, (node, point) => {
                const share = point.rpoSeconds && point.worstAgeSeconds !== null
                  ? point.worstAgeSeconds / point.rpoSeconds : 0;
                const over = point.breachedCount > 0;
                node.className = over ? "over" : share > .8 ? "near" : "";
                say(node.children[0], point.route + " → " + point.region);
                let text = point.databases === 0 ? "no database" : span(point.worstAgeSeconds)
                  + (point.rpoSeconds ? " of " + span(point.rpoSeconds) : ", no RPO")
                  + (point.worst ? " · " + point.worst : "");
                if (over) text += " · " + one(point.breachedCount, "database") + " beyond";
                fill(node.children[1], over ? 1 : share, "Age of the worst recovery point: " + text);
                say(node.children[2], text);
              });
          };

          const isOurs = (copy) => Boolean(copy.source);
          const cells = (pool) => {
            const copies = pool.copies || [];
            const list = copies.map((copy) => ({
              key: copy.arn, kind: isOurs(copy) ? "ours" : "others", share: isOurs(copy) ? copy.percent / 100 : 0,
              text: (copy.database || copy.arn) + " " + copy.percent + "%",
            }));
            for (let i = 0; i < (pool.held || 0); i++) list.push({ key: "held" + i, kind: "held", share: 0, text: "held" });
            for (let i = list.length; i < Math.min(pool.limit, 500); i++) {
              list.push({ key: "free" + i, kind: "", share: 0, text: "free" });
            }
            return list;
          };
          const tale = (copy) => {
            const words = [];
            if (copy.sizeGiB) words.push(copy.sizeGiB + " GiB");
            if (copy.gibPerHour) words.push(copy.gibPerHour + " GiB/h");
            if (copy.finishLatest) words.push("whole by " + clock(copy.finishLatest));
            if (copy.route) words.push(copy.route);
            if (!isOurs(copy)) words.push("somebody else's");
            return words.join(" · ");
          };
          const makePool = () => {
            const node = make("article", "pool");
            const title = make("h3");
            title.append(make("b"), make("span"));
            const list = make("div", "cells");
            list.setAttribute("role", "img");
            const more = make("details");
            more.append(make("summary"), make("div"));
            node.append(title, list, make("p", "why"), more);
            return node;
          };
          const showPool = (node, pool) => {
            const [title, list, why, more] = node.children;
            const copies = pool.copies;
            node.className = "pool" + (pool.blocked.length ? " blocked" : "");
            say(title.children[0], pool.region + " · " + pool.kind);
            title.title = pool.account + "/" + pool.region;
            const text = copies ? pool.taken + " of " + pool.limit + " slots" : "unknown, of " + pool.limit + " slots";
            say(title.children[1], text);
            list.setAttribute("aria-label", text + (pool.others ? ", " + pool.others + " of them somebody else's" : ""));
            sync(list, cells(pool), (cell) => cell.key, () => make("span", "cell"), (cell, state) => {
              cell.className = "cell " + state.kind;
              cell.title = state.text;
              part(cell, state.share);
            });
            why.hidden = pool.blocked.length === 0;
            say(why, pool.blocked.map((obstacle) => obstacle.text).join("; "));
            more.hidden = !copies || copies.length === 0;
            say(more.children[0], one((copies || []).length, "copy").replace("copys", "copies") + " in progress");
            sync(more.children[1], copies || [], (copy) => copy.arn, () => {
              const row = make("div", "copy");
              row.append(make("span", "name"), bar(), make("span", "number"), make("span", "tale"));
              return row;
            }, (row, copy) => {
              row.className = "copy " + (isOurs(copy) ? "ours" : "others");
              row.title = copy.arn;
              say(row.children[0], copy.database || copy.arn);
              fill(row.children[1], copy.percent / 100, (copy.database || copy.arn) + ", " + copy.percent + " percent");
              say(row.children[2], copy.percent + "%");
              say(row.children[3], tale(copy));
            });
          };
          const showPools = (fleet) => {
            none(at("destinations"), fleet.pools.length);
            sync(document.querySelector(".pools"), fleet.pools,
              (pool) => pool.account + "/" + pool.region + "/" + pool.kind, (pool) => {
                const node = makePool();
                node.querySelector("details").open = (pool.copies || []).length > 0;
                return node;
              }, showPool);
          };

          const showLetters = (fleet) => {
            const counts = new Map();
            for (const group of fleet.deadLetters || []) {
              counts.set(group.reason, (counts.get(group.reason) || 0) + group.count);
            }
            const list = [...counts].map(([reason, count]) => ({ reason, count }))
              .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
            const most = Math.max(1, ...list.map((item) => item.count));
            const section = at("letters");
            none(section, list.length);
            say(section.querySelector(".none"), fleet.deadLetters ? "None." : "Not known.");
            sync(section.querySelector("ul"), list, (item) => item.reason, (item) => {
              const node = make("li");
              node.append(make("span", "name", item.reason), bar(item.reason), make("span", "number"));
              return node;
            }, (node, item) => {
              fill(node.children[1], item.count / most, item.reason + ": " + item.count);
              say(node.children[2], String(item.count));
            });
          };

          const showProblems = (fleet) => {
            const section = at("problems");
            section.hidden = fleet.problems.length === 0;
            const list = fleet.problems.map((text, index) => ({ text, index }));
            sync(section.querySelector("ul"), list, (item) => item.index, () => make("li"),
              (node, item) => say(node, item.text));
          };

          const showWorker = (worker) => {
            const node = at("worker");
            node.hidden = !worker;
            if (!worker) return;
            say(node, "worker " + worker.name + (worker.ready ? "" : ": " + worker.reasons.join("; "))
              + " · " + one(worker.waiting, "job") + " waiting here · " + worker.copying + " copying");
          };

          const show = (fleet) => {
            say(at("queue"), fleet.queueUrl.split("/").slice(-1)[0]);
            at("queue").title = fleet.queueUrl;
            showWorker(fleet.worker);
            showProblems(fleet);
            showTiles(fleet);
            showPoints(fleet);
            showPools(fleet);
            showLetters(fleet);
            document.title = (fleet.pools.reduce((sum, pool) => sum + (pool.copies || []).length, 0) || "no")
              + " copying · snapferry";
          };

          const tell = () => {
            const body = document.body;
            body.classList.toggle("live", !lostSince && !paused && seen > 0);
            body.classList.toggle("lost", lostSince > 0);
            if (lostSince) {
              say(at("said"), "No answer for " + span((Date.now() - lostSince) / 1000) + (why ? ": " + why : ""));
            } else if (seen) {
              const age = (Date.now() - seen) / 1000;
              say(at("said"), (paused ? "Paused, as of " : "As of ") + (age < 2 ? "now" : span(age) + " ago"));
            }
          };

          const ask = async () => {
            if (asking) return;
            asking = true;
            const stop = new AbortController();
            const limit = setTimeout(() => stop.abort(), patience);
            try {
              const answer = await fetch("/api/fleet.json", { cache: "no-store", signal: stop.signal });
              const fleet = await answer.json();
              if (fleet.error) throw new Error(fleet.error);
              document_ = fleet;
              seen = Date.now();
              lostSince = 0;
              show(document_);
            } catch (error) {
              lostSince = lostSince || Date.now();
              why = error instanceof TypeError ? "" : String(error.message || error).slice(0, 200);
            } finally {
              clearTimeout(limit);
              asking = false;
              tell();
            }
          };

          const next = () => {
            clearTimeout(timer);
            if (paused || document.hidden) return;
            timer = setTimeout(async () => { await ask(); next(); }, pace);
          };
          const go = async () => { await ask(); next(); };

          at("pause").addEventListener("click", () => {
            paused = !paused;
            at("pause").setAttribute("aria-pressed", String(paused));
            say(at("pause"), paused ? "Resume" : "Pause");
            tell();
            if (paused) clearTimeout(timer); else go();
          });
          document.addEventListener("visibilitychange", () => { if (!document.hidden && !paused) go(); });
          setInterval(tell, 1000);
          go();
        })();
        """#
}
