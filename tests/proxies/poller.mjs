// A client that polls, to be killed: `node poller.mjs URL http1|http2`. It prints the id of its socket.
import http2 from "node:http2";
import { connect } from "./client.mjs";

const [url, protocol] = process.argv.slice(2);
if (protocol === "http1") {
  const socket = await connect(url, { transports: ["polling"] });
  console.log(socket.id);
} else {
  // As browsers poll; the stock client on Node has no HTTP/2.
  const session = http2.connect(url, { rejectUnauthorized: false });
  const cookies = [];
  const ask = (method, path, body) =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ":method": method, ":path": path, cookie: cookies.join("; ") });
      let text = "";
      stream.on("response", (headers) => cookies.push(...(headers["set-cookie"] ?? []).map((line) => line.split(";")[0])));
      stream.setEncoding("utf8").on("data", (data) => (text += data)).on("end", () => resolve(text)).on("error", reject);
      stream.end(body);
    });
  const path = "/socket.io/?EIO=4&transport=polling";
  const { sid } = JSON.parse((await ask("GET", path)).slice(1));
  const own = `${path}&sid=${sid}`;
  await ask("POST", own, "40");
  let id;
  for (let text = ""; !text.includes("welcome"); id ??= text.match(/^40{"sid":"([^"]+)/)?.[1]) text = await ask("GET", own);
  ask("GET", own);
  console.log(id);
}
