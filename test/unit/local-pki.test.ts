import { createPrivateKey, X509Certificate } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  certificateRequests,
  kubeconfigText,
  type CertificateRequest,
} from "../../src/clusters/local/certificates.ts";
import * as der from "../../src/clusters/local/der.ts";
import { makePki } from "../../src/clusters/local/pki.ts";

const now = new Date("2030-05-06T07:08:09Z");
const request: CertificateRequest = {
  name: "server",
  authority: "ca",
  commonName: "kube-apiserver",
  organization: null,
  usage: "server",
  addresses: ["10.96.0.1", "127.0.0.1"],
  names: ["kubernetes", "kubernetes.default.svc"],
};
const client: CertificateRequest = {
  ...request,
  name: "client",
  commonName: "system:node:n1",
  organization: "system:nodes",
  usage: "client",
  addresses: [],
  names: [],
};

describe("certificates", () => {
  const pki = makePki(
    [request, client, { ...client, name: "front", authority: "front-proxy-ca" }],
    now,
  );
  const read = (name: string): X509Certificate =>
    new X509Certificate(pki.pairs[name]?.certificate ?? "");
  const ca = new X509Certificate(pki.authorities.ca.certificate);

  it("are signed by their own authority and by no other", () => {
    const other = new X509Certificate(pki.authorities["front-proxy-ca"].certificate);
    expect(ca.ca).toBe(true);
    expect(read("server").verify(ca.publicKey)).toBe(true);
    expect(read("server").checkIssued(ca)).toBe(true);
    expect(read("front").verify(other.publicKey)).toBe(true);
    expect(read("front").verify(ca.publicKey)).toBe(false);
  });

  it("say who they are, where and what for", () => {
    const server = read("server");
    expect(server.subjectAltName).toBe(
      "DNS:kubernetes, DNS:kubernetes.default.svc, IP Address:10.96.0.1, IP Address:127.0.0.1",
    );
    expect(server.checkIP("10.96.0.1")).toBe("10.96.0.1");
    expect(server.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect(read("client").subject).toBe("O=system:nodes\nCN=system:node:n1");
    expect(read("client").keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    expect(server.ca).toBe(false);
  });

  it("hold from an hour ago for a year", () => {
    expect(read("server").validFromDate.toISOString()).toBe("2030-05-06T06:08:09.000Z");
    expect(read("server").validToDate.toISOString()).toBe("2031-05-06T07:08:09.000Z");
  });

  it("come with the key they were made for", () => {
    for (const pair of [...Object.values(pki.pairs), ...Object.values(pki.authorities)])
      expect(
        new X509Certificate(pair.certificate).checkPrivateKey(createPrivateKey(pair.key)),
      ).toBe(true);
  });

  it("are never the same twice", () => {
    expect(makePki([request], now).pairs["server"]?.key).not.toBe(pki.pairs["server"]?.key);
  });

  it("are asked for with the addresses that clients use", () => {
    const network = {
      bridge: "br0",
      machineRange: "",
      podRange: "",
      serviceRange: "",
      dnsAddress: "",
      apiServiceAddress: "10.96.0.1",
      host: { link: "ninety0", hostAddress: "198.19.0.1", controlAddress: "198.19.0.2" },
      apiPort: 6443,
    };
    const all = certificateRequests(network, [
      { name: "control", role: "control", address: "10.250.0.1" },
      { name: "n1", role: "node", address: "10.250.0.11" },
      { name: "load", role: "load", address: "10.250.0.250" },
    ]);
    const named = (name: string): CertificateRequest | undefined =>
      all.find((request) => request.name === name);
    expect(named("apiserver")?.addresses).toEqual([
      "10.250.0.1",
      "198.19.0.2",
      "10.96.0.1",
      "127.0.0.1",
    ]);
    expect(named("kubelet-n1")).toMatchObject({ organization: "system:nodes" });
    expect(named("serving-n1")?.addresses).toEqual(["10.250.0.11"]);
    expect(all.filter(({ organization }) => organization === "system:masters")).toHaveLength(3);
  });
});

describe("kubeconfig", () => {
  it("needs no other file", () => {
    const of = { cluster: "c", server: "https://h:1", authority: "A", certificate: "C", key: "K" };
    const config = JSON.parse(kubeconfigText(of)) as { users: { user: object }[] };
    expect(config.users[0]?.user).toEqual({
      "client-certificate-data": Buffer.from("C").toString("base64"),
      "client-key-data": Buffer.from("K").toString("base64"),
    });
  });
});

describe("DER", () => {
  it("writes lengths in the shortest form", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 70_000 }), (length) => {
        const written = der.octets(Buffer.alloc(length));
        const first = written[1] ?? 0;
        const size = first < 0x80 ? first : written.readUIntBE(2, first & 0x7f);
        expect(size).toBe(length);
        expect(written.length).toBe(length + 2 + (first < 0x80 ? 0 : first & 0x7f));
        if (first >= 0x80) expect(length >= 0x80 && written[2] !== 0).toBe(true);
      }),
    );
  });

  it("writes identifiers and times as the standards do", () => {
    expect(der.oid("1.2.840.10045.4.3.2").toString("hex")).toBe("06082a8648ce3d040302");
    expect(der.time(new Date("2049-12-31T23:59:59Z")).toString("latin1")).toContain(
      "491231235959Z",
    );
    expect(der.time(new Date("2050-01-01T00:00:00Z")).toString("latin1")).toContain(
      "20500101000000Z",
    );
  });
});
