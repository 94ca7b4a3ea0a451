// The contract with the server. server -> client: `cpu` { number, percent, real }.
// client -> server: `interval` milliseconds, ack: those that it is now.

const SHOWN = 60; // samples
const LOCAL = { src: "/vendor/socket.io.min.js" };
const CDN = {
  src: "https://cdn.socket.io/4.8.3/socket.io.min.js",
  integrity: "sha384-kzavj5fiMwLKzzD1f8S7TeoVIEi7uKHvbTA3ueZkrzYq75pNQUiUi6Dy98Q3fxb0",
  crossOrigin: "anonymous",
};

const $ = (id) => document.getElementById(id);
const canvas = $("graph");
const samples = [];
let newest = performance.now(); // when the last sample came: the curve glides until the next one
let interval = 1000;

await load(LOCAL).catch(() => load(CDN)).catch(() => ($("state").textContent = "the client script is missing"));
const socket = io();

socket.on("connect", () => {
  $("state").textContent = "live";
  $("state").dataset.connected = "";
  ask();
});
socket.on("disconnect", () => {
  $("state").textContent = "reconnecting";
  delete $("state").dataset.connected;
});
socket.on("cpu", ({ percent, real }) => {
  samples.push(percent);
  if (samples.length > SHOWN + 2) samples.shift();
  newest = performance.now();
  $("percent").textContent = percent.toFixed(1);
  $("source").textContent = real ? "" : "made up: this server has no /proc/stat";
});
$("interval").addEventListener("change", ask);
requestAnimationFrame(draw);

async function ask() {
  interval = await socket.emitWithAck("interval", Number($("interval").value));
}

function draw() {
  requestAnimationFrame(draw);
  const { clientWidth: width, clientHeight: height } = canvas;
  const density = devicePixelRatio;
  if (canvas.width !== Math.round(width * density) || canvas.height !== Math.round(height * density)) {
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
  }
  const style = getComputedStyle(canvas);
  const pen = canvas.getContext("2d");
  pen.setTransform(density, 0, 0, density, 0, 0);
  pen.clearRect(0, 0, width, height);

  const top = 8;
  const bottom = height - 8;
  const y = (percent) => bottom - ((bottom - top) * percent) / 100;
  pen.font = `12px ${style.fontFamily}`;
  pen.textBaseline = "bottom";
  for (const percent of [0, 25, 50, 75, 100]) {
    pen.globalAlpha = 0.15;
    pen.lineWidth = 1;
    pen.strokeStyle = pen.fillStyle = getComputedStyle(document.body).color;
    pen.beginPath();
    pen.moveTo(0, y(percent));
    pen.lineTo(width, y(percent));
    pen.stroke();
    pen.globalAlpha = 0.55;
    if (percent > 0 && percent < 100) pen.fillText(`${percent} %`, 2, y(percent) - 2);
  }
  pen.globalAlpha = 1;
  if (samples.length < 2) return;

  const step = width / SHOWN;
  const glide = Math.min((performance.now() - newest) / interval, 1);
  const points = samples.map((percent, index) => [width - (samples.length - 2 - index + glide) * step, y(percent)]);
  const curve = new Path2D();
  curve.moveTo(...points[0]);
  for (let index = 1; index < points.length; index += 1) {
    const [[x0, y0], [x1, y1]] = [points[index - 1], points[index]];
    const middle = (x0 + x1) / 2;
    curve.bezierCurveTo(middle, y0, middle, y1, x1, y1);
  }
  const area = new Path2D(curve);
  area.lineTo(points.at(-1)[0], bottom);
  area.lineTo(points[0][0], bottom);

  const fade = pen.createLinearGradient(0, top, 0, bottom);
  fade.addColorStop(0, `color-mix(in srgb, ${style.color} 35%, transparent)`);
  fade.addColorStop(1, `color-mix(in srgb, ${style.color} 1%, transparent)`);
  pen.fillStyle = fade;
  pen.fill(area);
  pen.strokeStyle = style.color;
  pen.lineWidth = 2;
  pen.lineJoin = "round";
  pen.stroke(curve);
}

function load(attributes) {
  return new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), attributes);
    script.onload = resolve;
    script.onerror = () => reject(new Error(`cannot load ${attributes.src}`));
    document.head.append(script);
  });
}
