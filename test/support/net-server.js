// Answers every GET with 200, and says how many bytes it was sent, or as many as `/<count>` asks
// for: `net-server.js <port> <address>`. It is a name server too: that address is the one of
// api.shop.test.
import { createSocket } from "node:dgram";
import { createServer } from "node:http";

createServer((request, answer) => {
  let bytes = 0;
  request.on("data", (chunk) => (bytes += chunk.length));
  const wanted = Number(request.url.slice(1));
  request.on("end", () => answer.end(wanted > 0 ? "x".repeat(wanted) : `${bytes}\n`));
}).listen(Number(process.argv[2]));

const address = (process.argv[3] ?? "").split(".").map(Number);
const names = createSocket("udp4");
names.on("message", (query, from) => names.send(answerTo(query), from.port, from.address));
names.bind(53);

/** @param {Buffer} query */
function answerTo(query) {
  let end = 12;
  let name = "";
  for (let length = query[end] ?? 0; length > 0; length = query[end] ?? 0) {
    name += `${query.toString("latin1", end + 1, end + 1 + length)}.`;
    end += 1 + length;
  }
  const [kind, known] = [query.readUInt16BE(end + 1), name === "api.shop.test."];
  const records =
    known && kind === 1
      ? Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address])
      : Buffer.alloc(0);
  const head = Buffer.from(query.subarray(0, end + 5));
  head.writeUInt16BE(known ? 0x8180 : 0x8183, 2);
  head.writeUInt16BE(records.length > 0 ? 1 : 0, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, records]);
}
