// The page of a training on a toy: one moment for the pictures and the curves. Written by hand: the viewer's build leaves it alone.
(() => {
  "use strict";
  const WIDTH = 400, HEIGHT = 190, LEFT = 48, RIGHT = 12, TOP = 10, BOTTOM = 24, FRAMES_PER_SECOND = 8;
  const byId = (id) => document.getElementById(id);
  const run = JSON.parse(byId("run.json").textContent);
  const seen = run.numbers.images_seen, last = seen.length - 1;
  const slider = byId("time"), button = byId("play"), where = byId("where");
  let now = last, timer = 0, turn = 0; // a turn is one press of the play button

  // ---- pictures ----
  const pictures = new Map();
  function picture(path) {
    if (!pictures.has(path)) {
      const image = new Image();
      image.src = `data:image/webp;base64,${byId(path).textContent}`;
      pictures.set(path, image.decode().then(() => image));
    }
    return pictures.get(path);
  }
  async function paint(canvas, path, stillWanted) {
    const image = await picture(path);
    if (!stillWanted()) return;
    if (canvas.width !== image.width || canvas.height !== image.height) Object.assign(canvas, { width: image.width, height: image.height });
    canvas.getContext("2d").drawImage(image, 0, 0);
  }
  function paintAll() {
    const moment = now;
    const painted = [...document.querySelectorAll("canvas")].map((canvas) =>
      paint(canvas, canvas.dataset.still ? canvas.id + ".webp" : `${moment}/${canvas.id}.webp`, () => moment === now));
    return Promise.all(painted);
  }

  // ---- curves ----
  const svg = (name, attributes, text = "") => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  };
  const html = (name, className, text = "") => Object.assign(document.createElement(name), { className, textContent: text });
  const plain = (text) => String(text).replace("-", "−");
  const samples = (count) => (count >= 1e6 ? `${+(count / 1e6).toPrecision(3)}M` : count >= 1e3 ? `${+(count / 1e3).toPrecision(3)}k` : `${count}`);

  /** Round numbers between low and high, about five; decades and, where those are few, their doubles and fives on a log axis. */
  function ticks(low, high, log) {
    const found = [];
    if (log) {
      const few = Math.log10(high / low) < 2;
      for (let k = Math.floor(Math.log10(low)); k <= Math.log10(high); k++) {
        for (const m of few ? [1, 2, 5] : [1]) found.push(m * 10 ** k);
      }
    } else {
      const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
      const step = power * [1, 2, 5, 10].find((m) => m * power >= rough);
      for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) found.push(i * step);
    }
    return found.filter((tick) => tick >= low && tick <= high);
  }

  function label(value, chart) {
    if (value === null) return "–";
    return plain(chart.percent ? `${(100 * value).toFixed(1)} %` : value.toFixed(chart.digits));
  }

  /** Draws a chart into `place`; returns what moves its marker to a moment. */
  function draw(chart, place) {
    const [low, high] = chart.limits, log = chart.log;
    const scale = (value) => (log ? Math.log(Math.max(value, low)) : value);
    const x = (count) => LEFT + (WIDTH - LEFT - RIGHT) * (count / Math.max(seen[last], 1));
    const y = (value) => HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * ((scale(value) - scale(low)) / (scale(high) - scale(low)));
    const within = (value) => Math.min(HEIGHT - BOTTOM, Math.max(TOP, y(value)));

    const root = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${chart.title} along the training` });
    for (const tick of ticks(low, high, log)) {
      root.append(svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick) }));
      const text = chart.percent ? `${Math.round(100 * tick)} %` : plain(+tick.toPrecision(3));
      root.append(svg("text", { x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, text));
    }
    for (const tick of ticks(0, Math.max(seen[last], 1), false)) {
      const anchor = x(tick) > WIDTH - RIGHT - 14 ? "end" : "middle";
      root.append(svg("text", { x: anchor === "end" ? WIDTH - RIGHT : x(tick), y: HEIGHT - 6, "text-anchor": anchor }, samples(tick)));
    }
    for (const line of chart.references) {
      root.append(svg("line", { class: "reference", x1: LEFT, x2: WIDTH - RIGHT, y1: y(line.value), y2: y(line.value) }));
      const above = y(line.value) > TOP + 14 && !line.below;
      root.append(svg("text", { x: WIDTH - RIGHT - 6, y: y(line.value) + (above ? -4 : 13), "text-anchor": "end" }, line.label));
    }
    for (const curve of chart.curves) {
      const path = run.numbers[curve.column].map((value, i, values) => {
        if (value === null) return "";
        const at = `${x(seen[i]).toFixed(2)} ${within(value).toFixed(2)}`;
        return i > 0 && values[i - 1] !== null ? `L${at}` : `M${at}l0 0`; // a point between two gaps is a dot
      });
      root.append(svg("path", { class: `curve ${curve.kind}`, d: path.join("") }));
    }
    const marker = svg("line", { class: "now", y1: TOP, y2: HEIGHT - BOTTOM });
    const dots = chart.curves.map(() => svg("circle", { r: 3.5 }));
    root.append(marker, ...dots);

    const caption = html("figcaption", "");
    caption.append(html("b", "", chart.title));
    const readings = chart.curves.map((curve) => {
      const reading = html("span", "reading");
      if (chart.curves.length > 1) reading.append(html("span", `key ${curve.kind}`), `${curve.label} `);
      reading.append(document.createTextNode(""));
      caption.append(" ", reading);
      return reading.lastChild;
    });
    place.append(caption, root);

    const follow = (event) => {
      const box = root.getBoundingClientRect();
      const wanted = ((((event.clientX - box.left) / box.width) * WIDTH - LEFT) / (WIDTH - LEFT - RIGHT)) * seen[last];
      stop();
      show(seen.reduce((best, count, i) => (Math.abs(count - wanted) < Math.abs(seen[best] - wanted) ? i : best), 0));
    };
    root.addEventListener("pointerdown", (event) => { root.setPointerCapture(event.pointerId); follow(event); });
    root.addEventListener("pointermove", (event) => { if (event.buttons) follow(event); });

    return (moment) => {
      marker.setAttribute("x1", x(seen[moment]));
      marker.setAttribute("x2", x(seen[moment]));
      chart.curves.forEach((curve, k) => {
        const value = run.numbers[curve.column][moment];
        readings[k].data = label(value, chart);
        dots[k].setAttribute("visibility", value === null ? "hidden" : "visible");
        dots[k].setAttribute("cx", x(seen[moment]));
        dots[k].setAttribute("cy", value === null ? 0 : within(value));
      });
    };
  }

  // ---- time ----
  const movers = run.charts.map((chart, i) => {
    const place = html("figure", `card chart ${i < 2 ? "" : "rest"}`);
    byId("charts").append(place);
    return draw(chart, place);
  });
  function show(moment) {
    now = Math.min(last, Math.max(0, moment));
    slider.value = now;
    where.textContent = `${seen[now].toLocaleString("en")} samples seen · frame ${now + 1} of ${last + 1}`;
    slider.setAttribute("aria-valuetext", where.textContent);
    for (const move of movers) move(now);
    return paintAll();
  }
  function stop() {
    turn++;
    clearTimeout(timer);
    button.setAttribute("aria-pressed", "false");
  }
  function play() {
    const mine = ++turn;
    button.setAttribute("aria-pressed", "true");
    const step = async () => {
      const began = performance.now();
      await show(now + 1);
      if (mine !== turn) return;
      if (now === last) stop();
      else timer = setTimeout(step, Math.max(0, 1000 / FRAMES_PER_SECOND - (performance.now() - began)));
    };
    show(now === last ? 0 : now);
    timer = setTimeout(step, 1000 / FRAMES_PER_SECOND);
  }
  const toggle = () => (button.getAttribute("aria-pressed") === "true" ? stop() : play());

  slider.max = last;
  slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
  button.addEventListener("click", toggle);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target === slider) return;
    const moment = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last }[event.key];
    if (moment !== undefined) { event.preventDefault(); stop(); show(moment); }
    else if (event.key === " " && event.target !== button) { event.preventDefault(); toggle(); }
  });
  show(last).then(() => { document.documentElement.dataset.ready = "true"; });
})();
