// What a reader of an audit's page can do: zoom and point in the charts, filter, sort and copy the evidence.
// Without it the page is whole: still pictures and tables.  Text of an export is only ever set as text.
(() => {
  "use strict";
  const find = (what, within = document) => within.querySelector(what);
  const all = (what, within = document) => [...within.querySelectorAll(what)];
  const held = id => { const place = document.getElementById(id); return place && JSON.parse(place.textContent); };
  const figures = held("figures"), readings = held("readings"), drawings = held("drawings");
  document.documentElement.classList.add("live");

  // ---------------------------------------------------------------- evidence: filter, search, sort, copy
  const table = find("#evidence table");
  if (table) {
    const rows = all("tbody tr", table), search = find("#search"), lines = find("#line"), counted = find("#counted");
    const texts = rows.map(row => row.textContent.toLowerCase());
    let chosen = null;
    const isShown = (row, no) => {
      const line = lines.value, words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      return (!chosen || chosen.has(row.id)) && (!line || row.dataset.lines.split(" ").includes(line))
        && words.every(word => texts[no].includes(word));
    };
    const filter = () => {
      let shown = 0;
      rows.forEach((row, no) => { row.hidden = !isShown(row, no); shown += !row.hidden; });
      counted.textContent = `${shown} of ${rows.length} rows` + (chosen ? ", those behind what you opened" : "");
      find("#whole").hidden = !chosen && !lines.value && !search.value;
    };
    const open = (line, ids) => {
      chosen = ids ? new Set(ids) : null;
      search.value = "";
      lines.value = line && [...lines.options].some(option => option.value === line) ? line : "";
      filter();
      find("#evidence").scrollIntoView();
      find("#evidence-rows").focus({preventScroll: true});
    };
    search.addEventListener("input", filter);
    lines.addEventListener("change", () => { chosen = null; filter(); });
    find("#whole").addEventListener("click", () => { chosen = null; search.value = lines.value = ""; filter(); });
    document.addEventListener("click", event => {
      const link = event.target.closest("a[data-line], a[data-rows]");
      if (!link) return;
      event.preventDefault();
      open(link.dataset.line, link.dataset.rows ? link.dataset.rows.split(" ") : null);
    });
    window.openEvidence = open;

    const places = new Map(rows.map((row, no) => [row, no]));
    all("thead th", table).forEach((head, at) => {
      const button = Object.assign(document.createElement("button"), {type: "button", textContent: head.textContent});
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const way = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        all("thead th", table).forEach(other => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
        const key = row => row.cells[at].dataset.value ?? row.cells[at].textContent;
        const isNumber = head.classList.contains("n");
        const compare = (a, b) => isNumber ? (Number(key(a) || -Infinity) - Number(key(b) || -Infinity))
          : key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
        rows.slice().sort((a, b) => way * compare(a, b) || places.get(a) - places.get(b))
          .forEach(row => row.parentNode.append(row));
      });
    });

    // a spreadsheet would run text that starts like a formula
    const safe = text => /^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/.test(text) && !/^-?[\d.,]+$/.test(text) ? `'${text}` : text;
    const cell = place => safe((place.dataset.value ?? place.textContent).replace(/[\t\r\n]+/g, " "));
    find("#copy").addEventListener("click", event => {
      const shown = all("tr", table).filter(row => !row.hidden);
      copy(shown.map(row => [...row.cells].map(cell).join("\t")).join("\n"), event.target);
    });
    filter();
  }
  all("button[data-copies]").forEach(button => button.addEventListener("click", () =>
    copy(document.getElementById(button.dataset.copies).textContent, button)));

  async function copy(text, button) {
    try { await navigator.clipboard.writeText(text); } catch {
      const area = Object.assign(document.createElement("textarea"), {value: text});
      document.body.append(area); area.select(); document.execCommand("copy"); area.remove();
    }
    const name = button.textContent;
    button.textContent = "copied";
    setTimeout(() => { button.textContent = name; }, 1500);
  }

  // ---------------------------------------------------------------- every moment, as a table
  const moments = find("#moments");
  moments?.addEventListener("toggle", () => {
    const body = find("tbody", moments);
    if (body.rows.length) return;
    const names = all("th", moments).map(head => head.dataset.name);
    figures.moments.forEach((moment, no) => {
      const row = body.insertRow();
      for (const key of names) {
        const value = key === "buffer" ? readings.buffers[no] : moment[key];
        const place = row.insertCell();
        place.textContent = value === null ? "?" : key === "at" ? value.replace("T", " ").replace("Z", "") : value;
        if (!["at", "kind", "what"].includes(key)) place.className = "n";
      }
    });
  });

  // ---------------------------------------------------------------- charts
  if (!drawings || !window.vegaEmbed) return;
  const options = {mode: "vega", ast: true, actions: false, renderer: "svg", defaultStyle: false, tooltip: false, logLevel: 1};
  const room = place => Math.max(place.clientWidth, 240);
  const fed = (spec, values) => ({...spec, data: spec.data.map(one =>
    one.name in values ? {...one, values: values[one.name]} : one)});
  const resized = [];
  let waiting;
  new ResizeObserver(() => {
    clearTimeout(waiting);
    waiting = setTimeout(() => resized.forEach(fit => fit()), 120);
  }).observe(find("main"));

  async function bridge() {
    const place = find("#bridge-live");
    const values = {steps: drawings.steps, links: drawings.links};
    const {view} = await window.vegaEmbed(place, fed(drawings.bridge, values), options);
    const fit = () => view.width(Math.max(room(place) - drawings.sides[0] - drawings.sides[1] - 16, 60)).run();
    fit();
    resized.push(fit);
    view.addEventListener("click", (_, item) => {
      const line = item && item.datum && item.datum.line;
      if (line && window.openEvidence) window.openEvidence(line, null);
    });
    place.closest("figure").classList.add("drawn");
  }

  async function overTime() {
    const place = find("#time-live");
    const {points, events, gaps} = drawings;
    const whole = [points[0].at, points[points.length - 1].at];
    const last = new Map([["hour", 3_600_000], ["day", 86_400_000], ["week", 604_800_000], ["minutes", 600_000]]);
    const values = {moments: points, overview: points, events, gaps, cursor: [], drag: []};
    const [view, loglike] = await Promise.all([drawings.time, logarithmic(drawings.time)].map(async spec =>
      (await window.vegaEmbed(Object.assign(place.appendChild(document.createElement("div")), {hidden: true}),
        fed(spec, values), options)).view));
    const boxes = [...place.children];
    let span = whole, shown = view, chosen = null;

    const near = at => {  // the last moment until then: what is known at that instant
      let low = 0, high = points.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (points[middle].at <= at) low = middle; else high = middle - 1;
      }
      return low;
    };
    const inside = one => one.at >= span[0] && one.at <= span[1];
    const drawn = one => shown !== loglike ? one : Object.fromEntries(Object.entries(one).filter(
      ([name, value]) => !["equity", "maintenance", "over", "under"].includes(name) || value > 0));
    const draw = () => {
      const from = Math.max(near(span[0]), 0), to = Math.min(near(span[1]) + 1, points.length - 1);
      shown.signal("from", span[0]).signal("to", span[1]);
      shown.data("moments", points.slice(from, to + 1).map(drawn));
      shown.data("events", events.filter(inside).map(drawn));
      shown.data("gaps", gaps.filter(gap => gap.until >= span[0] && gap.at <= span[1]));
      shown.width(Math.max(room(place) - drawings.axis - 12, 160)).run();
    };
    const zoom = (from, to) => {
      const least = Math.min(1000, whole[1] - whole[0]);
      from = Math.max(whole[0], from); to = Math.min(whole[1], to);
      if (to - from < least) { to = Math.min(whole[1], from + least); from = to - least; }
      span = [from, to];
      draw();
    };
    const show = (logs) => {
      shown = logs ? loglike : view;
      boxes[0].hidden = logs; boxes[1].hidden = !logs;
      draw();
    };
    place.closest("figure").classList.add("drawn");
    show(false);
    resized.push(draw);

    const name = {equity: "equity", maintenance_margin: "maintenance margin", buffer: "buffer",
      initial_margin: "initial margin", health: "health", ratio: figures.ratio_name || "ratio", mark: "mark price",
      entry: "entry price", liquidation_price: "liquidation price", quantity: "size", effect: "booked by the row"};
    const readout = find("#readout");
    const point = no => {
      chosen = Math.min(Math.max(no, 0), points.length - 1);
      const moment = figures.moments[points[chosen].no];
      shown.data("cursor", [{at: points[chosen].at}]).run();
      const list = document.createElement("dl");
      const values = {...moment, buffer: readings.buffers[points[chosen].no]};
      for (const [key, title] of Object.entries(name)) {
        const value = values[key];
        if (value === null && (key === "effect" || key === "initial_margin")) continue;
        list.append(put("div", put("dt", title), put("dd", value ?? "?")));
      }
      const when = `${moment.at.replace("T", " ").replace("Z", "")} UTC: `;
      const what = put("p", when, (moment.what || moment.kind) + (moment.is_gap ? " (no price is known before it)" : ""));
      const ids = moment.rows.map(row => readings.rows[row]).filter(Boolean);
      if (ids.length) {
        const link = put("a", ids.length > 1 ? `${ids.length} rows` : readings.places[ids[0]]);
        link.href = "#evidence"; link.dataset.rows = ids.join(" ");
        what.append(" ", link);
      }
      readout.replaceChildren(what, list);
    };
    const put = (kind, ...inner) => { const made = document.createElement(kind); made.append(...inner); return made; };
    const step = way => {  // to the next event, by key
      const places = points.map((one, no) => no).filter(no => figures.moments[points[no].no].kind !== "price");
      const next = way > 0 ? places.find(no => no > (chosen ?? -1)) : places.findLast(no => no < (chosen ?? points.length));
      if (next !== undefined) point(next);
    };

    for (const one of [view, loglike]) {
      let began = null;
      const at = event => {
        const box = one.container().querySelector("svg").getBoundingClientRect();
        const x = event.clientX - box.left - one.origin()[0] - one.padding().left;
        return x < -8 || x > one.width() + 8 ? null : one.scale("concat_0_x").invert(Math.min(Math.max(x, 0), one.width())).valueOf();
      };
      const isPane = event => event.clientY < one.container().querySelector("svg").getBoundingClientRect().bottom - 52;
      one.addEventListener("pointermove", event => {
        const now = at(event);
        if (now === null || !isPane(event)) return;
        if (began !== null) one.data("drag", [{at: Math.min(began, now), until: Math.max(began, now)}]).run();
        point(near(now));
      });
      one.addEventListener("pointerdown", event => {
        if (!isPane(event)) return;
        if (event.pointerType === "mouse") began = at(event); else if (at(event) !== null) point(near(at(event)));
      });
      window.addEventListener("pointerup", event => {
        if (began === null) return;
        const ended = at(event) ?? began, [from, to] = [Math.min(began, ended), Math.max(began, ended)];
        began = null;
        one.data("drag", []);
        const isWide = one.scale("concat_0_x")(to) - one.scale("concat_0_x")(from) > 6;
        if (isWide) zoom(from, to); else one.run();
      });
      one.addEventListener("dblclick", () => zoom(...whole));
      one.addSignalListener("brush", (_, value) => {
        const range = value && value.at;
        if (range && range[1] - range[0] > 0) zoom(...range.map(Number)); else zoom(...whole);
      });
    }
    all("#zooms button").forEach(button => {
      button.hidden = last.get(button.dataset.last) >= whole[1] - whole[0];
    });
    all("#zooms button").forEach(button => button.addEventListener("click", () => {
      const long = last.get(button.dataset.last), end = drawings.triggered;
      if (long) zoom(end - long, Math.min(end + long / 20, whole[1])); else zoom(...whole);
    }));
    const logs = find("#logarithmic");
    logs.addEventListener("change", () => { show(logs.checked); if (chosen !== null) point(chosen); });
    place.addEventListener("keydown", event => {
      const way = {ArrowRight: 1, ArrowLeft: -1}[event.key];
      if (way) { event.preventDefault(); step(way); }
    });
    point(points.findLastIndex(one => one.no === drawings.first));
  }

  function logarithmic(spec) {
    const made = structuredClone(spec);
    const scale = made.scales.find(one => one.name === "concat_0_concat_0_y");
    if (scale) { scale.type = "log"; delete scale.zero; scale.nice = true; }
    return made;
  }

  Promise.all([drawings.time ? overTime() : null, bridge()]).then(
    () => document.documentElement.classList.add("ready"),
    fault => { find("#fault").textContent = `The charts cannot move here (${fault.message}); they are shown still.`; });
})();
