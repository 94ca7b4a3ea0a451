import assert from "node:assert/strict";
import http from "node:http";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { within } from "../support/deadline.mjs";
import { join } from "../support/peer.mjs";
import { SESSION_UNKNOWN, PollingSession, RawSocket, answerOf, engineUrl, exchange, probe } from "../support/raw.mjs";
import { SERVER_URL, ours } from "../support/server.mjs";

const WEBSOCKET = { transports: ["websocket"], ends: "websocket" };

/** A noop is due with the reply to the probe; this limit allows for a busy machine. */
const NOOP_MS = 500;

/** Waits for the `left` event that the others get about `id`; returns its reason. */
async function reasonOf(observer, id) {
  const [left] = await observer.take("left", (left) => left.id === id);
  return left.reason;
}

describe("handshake", () => {
  test("opens a session and announces its terms", async () => {
    const { status, headers, body } = await exchange(engineUrl({ transport: "polling", t: "abc" }));
    assert.equal(status, 200);
    assert.equal(headers["content-type"].toLowerCase(), "text/plain; charset=utf-8");
    assert.equal(headers["cache-control"], "no-store");
    assert.equal(headers["access-control-allow-origin"], undefined);
    assert.match(
      body,
      /^0\{"sid":"[A-Za-z0-9_-]{20}","upgrades":\["websocket"\],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000\}$/,
    );
  });

  test("answers HTTP/1.0, too", async () => {
    const url = engineUrl({ transport: "polling" });
    const socket = connect(url.port, url.hostname);
    // Not `end`: a client that closes its half before the response may be taken for gone.
    socket.write(`GET ${url.pathname}${url.search} HTTP/1.0\r\nHost: ${url.host}\r\n\r\n`);
    const chunks = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    await within(new Promise((resolve) => socket.on("close", resolve)), "end of the answer");
    assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.[01] 200 /);
  });

  test("each has a session id of its own", async () => {
    const sessions = await Promise.all(Array.from({ length: 20 }, () => PollingSession.open()));
    assert.equal(new Set(sessions.map(({ sid }) => sid)).size, 20);
  });

  test("CONNECT is answered in a later poll, with another id", async () => {
    const session = await PollingSession.open();
    await session.send("40");
    const packet = await session.until((packet) => packet.startsWith("40"));
    const answer = JSON.parse(packet.slice(2));
    assert.deepEqual(Object.keys(answer), ["sid"]);
    assert.notEqual(answer.sid, session.sid);
  });

  for (const [what, query, error] of [
    ["no transport", {}, { code: 0, message: "Transport unknown" }],
    ["an unknown transport", { transport: "carrier-pigeon" }, { code: 0, message: "Transport unknown" }],
    ["a transport named __proto__", { transport: "__proto__" }, { code: 0, message: "Transport unknown" }],
    ["a transport HTTP does not carry", { transport: "webtransport" }, { code: 0, message: "Transport unknown" }],
    ["an unknown session", { transport: "polling", sid: "AAAAAAAAAAAAAAAAAAAA" }, { code: 1, message: "Session ID unknown" }],
    ["a session named __proto__", { transport: "polling", sid: "__proto__" }, { code: 1, message: "Session ID unknown" }],
    ["WebSocket without an upgrade", { transport: "websocket" }, { code: 3, message: "Bad request" }],
    ["Engine.IO 3", { transport: "polling", EIO: "3" }, { code: 5, message: "Unsupported protocol version" }],
    ["no Engine.IO version", { transport: "polling", EIO: undefined }, { code: 5, message: "Unsupported protocol version" }],
  ]) {
    test(`${what} is answered with code ${error.code}`, async () => {
      const { status, headers, body } = await exchange(engineUrl(query));
      assert.equal(status, 400);
      assert.match(headers["content-type"], /^application\/json/);
      assert.equal(body, JSON.stringify(error));
    });
  }

  for (const query of [
    "EIO=%34&transport=polling",
    "EIO=4&transport=%70olling",
    "EIO=4&trans%70ort=polling&sid=",
    "EIO=4&transport=polling&sid",
    "transport=websocket&EIO=4&transport=polling",
  ]) {
    test(`the query is read as it is meant: ${query}`, async () => {
      const url = engineUrl();
      url.search = query;
      const { status, body } = await exchange(url);
      assert.equal(status, 200);
      assert.match(body, /^0\{"sid":/);
    });
  }

  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    test(`${method} opens no session`, async () => {
      const { status, body } = await exchange(engineUrl({ transport: "polling" }), { method });
      assert.equal(status, 400);
      assert.equal(body, '{"code":2,"message":"Bad handshake method"}');
    });
  }
});

describe("polling", () => {
  test("several packets may come in one POST", async () => {
    const session = await PollingSession.connect();
    await session.send('42["echo",1]', '421["sum",2,3]', '42["echo",2]');
    await session.until((packet) => packet === '42["echo",1]');
    await session.until((packet) => packet === "431[5]");
    await session.until((packet) => packet === '42["echo",2]');
  });

  test("POST is answered with ok", async () => {
    const session = await PollingSession.open();
    const { status, headers, body } = await session.post("40");
    assert.deepEqual({ status, body }, { status: 200, body: "ok" });
    assert.match(headers["content-type"], /^text\/(html|plain)/);
  });

  test("binary travels as base64 packets of its own", async () => {
    const session = await PollingSession.connect();
    const placeholders = ['{"_placeholder":true,"num":0}', '{"_placeholder":true,"num":1}'];
    await session.send(
      `452-7["bin",{"name":"n","data":${placeholders[0]},"nested":[${placeholders[1]}]}]`,
      "bAQID",
      "bBA==",
    );
    const event = await session.until((packet) => packet.startsWith("45"));
    assert.equal(event.slice(0, 11), '452-["bin",');
    const order = [await session.until((packet) => packet[0] === "b"), await session.until((packet) => packet[0] === "b")];
    assert.deepEqual(order.sort(), ["bAQID", "bBA=="]);
    assert.equal(await session.until((packet) => packet.startsWith("46")), '461-7[{"_placeholder":true,"num":0}]');
    assert.equal(await session.until((packet) => packet[0] === "b"), "bAQID");
  });

  test("placeholders are matched by their number, not by their place", async () => {
    const session = await PollingSession.connect();
    await session.send(
      '452-7["bin",{"nested":[{"_placeholder":true,"num":0}],"data":{"num":1,"_placeholder":true},"name":"n"}]',
      "bAQID",
      "bBA==",
    );
    await session.until((packet) => packet.startsWith("46"));
    // The ack is `data`, the second attachment; the event before it has two attachments too.
    const attachments = [];
    while (attachments.length < 3) attachments.push(await session.until((packet) => packet[0] === "b"));
    assert.equal(attachments[2], "bBA==");
  });

  test("a GET waits until there is something to say", async () => {
    const session = await PollingSession.connect();
    const poll = session.poll();
    await session.send('42["echo","now"]');
    assert.deepEqual(await poll, ['42["echo","now"]']);
  });

  test("a second GET is refused and ends the session", async () => {
    const session = await PollingSession.open();
    const answers = await Promise.all([session.get(), session.get()]);
    answers.sort((a, b) => a.status - b.status);
    assert.deepEqual(
      answers.map(({ status, body }) => ({ status, body })),
      [{ status: 200, body: "1" }, { status: 400, body: "" }],
    );
    await session.gone();
  });

  test("a second POST is refused and ends the session", async (t) => {
    const session = await PollingSession.open();
    const unfinished = () => {
      const request = http.request(session.url, { method: "POST", agent: false, headers: { "Content-Length": "100" } });
      t.after(() => request.destroy());
      const answer = answerOf(request, "POST");
      request.write("40");
      return answer;
    };
    // Neither body ends, so only the rejected one can get a response other than an error.
    const answers = [unfinished(), unfinished()];
    answers.forEach((answer) => answer.catch(() => {}));
    const { status } = await Promise.any(answers);
    assert.equal(status, 400);
    await session.gone();
  });

  test("a GET given up by the client ends the session", async (t) => {
    const observer = await join(t, WEBSOCKET);
    const session = await PollingSession.connect();
    // A GET that was answered did not wait: then the next one is aborted.
    let over = false;
    const reason = reasonOf(observer, session.id).finally(() => (over = true));
    while (!over) await abandon(session.url, "GET");
    assert.equal(await reason, "transport error");
    await session.gone();
  });

  test("a POST given up by the client ends the session", async (t) => {
    const observer = await join(t, WEBSOCKET);
    const session = await PollingSession.connect();
    await abandon(session.url, "POST", '42["echo",');
    assert.equal(await reasonOf(observer, session.id), "transport error");
    await session.gone();
  });

  test("a close packet releases the waiting GET", async () => {
    for (let attempt = 0; attempt < 20; attempt++) {
      const session = await PollingSession.open();
      const poll = session.get();
      await session.send("1");
      const { status, body } = await poll;
      await session.gone();
      // A GET that arrives after the POST finds no session, and proves nothing.
      if (status === 400) continue;
      assert.deepEqual({ status, body }, { status: 200, body: "6" });
      return;
    }
    assert.fail("no GET was ever waiting when the close came");
  });

  test("a close packet ends the session, and what follows it is ignored", async (t) => {
    const observer = await join(t, WEBSOCKET);
    const session = await PollingSession.connect();
    const text = `after the close of ${session.id}`;
    await session.send("1", `42["all","${text}"]`);
    assert.equal(await reasonOf(observer, session.id), "transport close");
    await observer.fence();
    assert.deepEqual(observer.received("all").filter(([value]) => value === text), []);
    // A GET in flight at the time of the close may arrive after it.
    const { body } = await session.get();
    assert.ok(["6", SESSION_UNKNOWN].includes(body), body);
    await session.gone();
  });

  test("a close by the server reaches the next GETs, with what was said before it", async () => {
    const session = await PollingSession.connect();
    await session.send('42["burst",2]', '42["disconnect-me",true]');
    for (const expected of ['42["burst",0]', '42["burst",1]', "41", "1"]) {
      await session.until((packet) => packet === expected);
    }
    await session.gone();
  });

  for (const [what, body] of [
    ["an unknown packet type", "abc"],
    ["an empty body", ""],
    ["an empty packet", '42["echo",1]\x1e'],
    ["bad base64", "b&&&"],
    ["a broken Socket.IO packet", '42["echo"'],
  ]) {
    test(`${what} ends the session`, async (t) => {
      const observer = await join(t, WEBSOCKET);
      const session = await PollingSession.connect();
      await session.post(body);
      await session.drained();
      await reasonOf(observer, session.id);
    });
  }

  for (const [what, body] of [["an unknown packet type", "abc"], ["an empty body", ""]]) {
    test(`${what} is answered with 400`, ours("answers 200"), async () => {
      const session = await PollingSession.connect();
      assert.equal((await session.post(body)).status, 400);
    });
  }

  test("what comes before a malformed packet is handled", ours("drops what it has not handled yet"), async (t) => {
    const observer = await join(t, WEBSOCKET);
    const session = await PollingSession.connect();
    await session.post(`42["all","before ${session.id}"]\x1eabc`);
    await observer.take("all", (text) => text === `before ${session.id}`);
    assert.equal(await reasonOf(observer, session.id), "parse error");
  });

  test("a body of another content type ends the session", async () => {
    const session = await PollingSession.open();
    const { status } = await session.post("40", { "Content-Type": "application/octet-stream" });
    assert.equal(status, 400);
    await session.gone();
  });

  test("a body of exactly the announced size is taken", async () => {
    const session = await PollingSession.connect();
    const body = fill(session.handshake.maxPayload);
    await session.send(body);
    await session.until((packet) => packet === body);
  });

  for (const chunked of [false, true]) {
    test(`a body over the announced size is refused with 413, ${chunked ? "chunked" : "with its length"}`, async () => {
      const session = await PollingSession.connect();
      const body = fill(session.handshake.maxPayload + 1);
      const half = body.length >> 1;
      const answer = await session.post(chunked ? [body.slice(0, half), body.slice(half)] : body);
      assert.deepEqual({ status: answer.status, body: answer.body }, { status: 413, body: "" });
    });
  }

  test("an answer has sixteen packets at most", ours("puts all there is into one answer"), async () => {
    const session = await PollingSession.connect();
    await session.send('42["burst",100]');
    const packets = [];
    while (packets.length < 100) {
      const answer = await session.pollAll();
      assert.ok(answer.length <= 16, `${answer.length} packets`);
      packets.push(...answer.filter((packet) => packet.startsWith('42["burst"')));
    }
    assert.deepEqual(packets, Array.from({ length: 100 }, (_, n) => `42["burst",${n}]`));
  });

  for (const [nsp, connect] of [["/", "40"], ["/private", '40/private,{"token":"secret"}']]) {
    test(`one POST with two CONNECTs to ${nsp} makes one socket`, ours("may answer both"), async () => {
      const session = await PollingSession.open();
      const isReply = (packet) => packet.startsWith("40");
      const echo = `42${nsp === "/" ? "" : `${nsp},`}["echo",1]`;
      const packets = [];
      await session.send(connect, connect);
      while (!packets.some(isReply)) packets.push(...(await session.poll()));
      await session.send(echo);
      while (!packets.includes(echo)) packets.push(...(await session.poll()));
      assert.equal(packets.filter(isReply).length, 1, packets.join(" "));
    });
  }

  test("a namespace may be left and joined in one POST", ours("closes the connection"), async () => {
    const session = await PollingSession.connect();
    await session.send("40/chat,");
    await session.until((packet) => packet.startsWith("40/chat,"));
    await session.until((packet) => packet === '42/chat,["hello"]');
    await session.send("41/chat,", "40/chat,");
    await session.until((packet) => packet.startsWith("40/chat,"));
    await session.until((packet) => packet === '42/chat,["hello"]');
    await session.send('42/chat,["echo",1]');
    await session.until((packet) => packet === '42/chat,["echo",1]');
  });

  test("a hundred sessions opened and left are no burden", async () => {
    await Promise.all(Array.from({ length: 100 }, () => PollingSession.open()));
    const session = await PollingSession.connect();
    await session.send('42["echo",1]');
    await session.until((packet) => packet === '42["echo",1]');
  });
});

describe("upgrade by hand", () => {
  test("the probe is answered and a waiting GET released, again and again", async (t) => {
    const session = await PollingSession.connect();
    const first = session.poll();
    const socket = await probe(t, session);
    const probed = performance.now();
    assert.deepEqual(await first, ["6"]);
    const took = performance.now() - probed;
    assert.ok(took < NOOP_MS, `the noop took ${took} ms`);
    assert.deepEqual(await session.poll(), ["6"]);
    socket.send("5", '42["echo","upgraded"]');
    assert.equal(await socket.text(), '42["echo","upgraded"]');
  });

  test("after it the session is no longer to be polled", async (t) => {
    const session = await PollingSession.connect();
    const socket = await probe(t, session);
    socket.send("5", '42["echo",1]');
    await socket.text((text) => text === '42["echo",1]');
    const mismatch = { status: 400, body: '{"code":3,"message":"Bad request"}' };
    for (const { status, body } of [await session.get(), await session.post('42["echo",2]')]) {
      assert.deepEqual({ status, body }, mismatch);
    }
    socket.send('42["echo",3]');
    assert.equal(await socket.text(), '42["echo",3]');
  });

  test("a GET still waiting when it completes is answered", async (t) => {
    const session = await PollingSession.connect();
    const socket = await probe(t, session);
    const poll = session.get();
    socket.send("5", '42["echo",1]');
    await socket.text((text) => text === '42["echo",1]');
    // A GET that arrives only now is a mismatch; one that was waiting must not hang.
    const { status } = await poll;
    assert.ok([200, 400].includes(status));
  });

  test("until it completes, messages keep to polling", async (t) => {
    const session = await PollingSession.connect();
    const socket = await probe(t, session);
    await session.send('42["echo","on polling"]');
    await session.until((packet) => packet === '42["echo","on polling"]');
    assert.deepEqual(socket.received(), []);
    socket.send("5", '42["echo","on WebSocket"]');
    assert.equal(await socket.text(), '42["echo","on WebSocket"]');
  });

  test("what was not fetched by polling follows on WebSocket", async (t) => {
    const session = await PollingSession.connect();
    const socket = await probe(t, session);
    await session.send('42["burst",40]');
    socket.send("5");
    for (let n = 0; n < 40; n++) assert.equal(await socket.text(), `42["burst",${n}]`);
  });

  for (const [what, packet] of [["a message", '42["echo",1]'], ["an unknown packet", "x"]]) {
    test(`${what} instead of the probe ends the attempt, not the session`, async (t) => {
      const session = await PollingSession.connect();
      const socket = await RawSocket.open(t, { sid: session.sid });
      socket.send(packet);
      await socket.closed();
      await session.send('42["echo","still here"]');
      await session.until((packet) => packet === '42["echo","still here"]');
      const retry = await probe(t, session);
      retry.send("5", '42["echo","upgraded"]');
      await retry.text((text) => text === '42["echo","upgraded"]');
    });
  }

  test("a probe that is cut off ends the attempt, not the session", async (t) => {
    const session = await PollingSession.connect();
    const socket = await probe(t, session);
    socket.ws.terminate();
    await session.send('42["echo","still here"]');
    await session.until((packet) => packet === '42["echo","still here"]');
  });

  test("a second WebSocket is refused during it and after it", async (t) => {
    const session = await PollingSession.connect();
    const socket = await probe(t, session);
    await RawSocket.refused(t, { sid: session.sid });
    socket.send("5", '42["echo",1]');
    await socket.text((text) => text === '42["echo",1]');
    await RawSocket.refused(t, { sid: session.sid });
    socket.send('42["echo",2]');
    assert.equal(await socket.text(), '42["echo",2]');
  });

  test("a session that began on WebSocket cannot be taken over", ours("a second WebSocket takes it over"), async (t) => {
    const socket = await RawSocket.connect(t);
    await RawSocket.refused(t, { sid: socket.handshake.sid });
    socket.send('42["echo",1]');
    assert.equal(await socket.text(), '42["echo",1]');
  });

  test("another protocol version than the session's is refused", async (t) => {
    const session = await PollingSession.connect();
    assert.equal(await RawSocket.refused(t, { sid: session.sid, EIO: "3" }), 400);
    await session.send('42["echo",1]');
    await session.until((packet) => packet === '42["echo",1]');
  });
});

describe("after all that", () => {
  test("garbage behind an upgrade request does no harm", async () => {
    const session = await PollingSession.connect();
    for (const sid of [undefined, session.sid]) {
      const url = engineUrl({ transport: "websocket", sid });
      const socket = connect(url.port, url.hostname);
      socket.on("error", () => {});
      socket.end(
        Buffer.concat([
          Buffer.from(
            `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
          ),
          Buffer.alloc(64, 0xff),
        ]),
      );
      socket.resume();
      await within(new Promise((resolve) => socket.on("close", resolve)), "close of a broken WebSocket");
    }
    await session.send('42["echo",1]');
    await session.until((packet) => packet === '42["echo",1]');
  });

  test("the server still answers", async () => {
    assert.equal((await exchange(SERVER_URL)).body, "ok");
  });
});

/** Sends a request, or the beginning of it, and hangs up. Returns the output of the server. */
async function abandon(url, method, body = "") {
  const socket = connect(url.port, url.hostname).setEncoding("utf8");
  const length = body ? "Content-Length: 100\r\n" : "";
  socket.end(`${method} ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n${length}\r\n${body}`);
  let answer = "";
  socket.on("data", (data) => (answer += data));
  socket.on("error", () => {});
  await within(new Promise((resolve) => socket.on("close", resolve)), "end of an abandoned connection");
  return answer;
}

/** Returns an `echo` event of exactly `length` bytes. */
function fill(length) {
  const [head, tail] = ['42["echo","', '"]'];
  return head + "x".repeat(length - head.length - tail.length) + tail;
}
