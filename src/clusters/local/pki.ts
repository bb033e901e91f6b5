import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import type { CertificateRequest } from "./certificates.ts";
import {
  bits,
  explicit,
  implicit,
  integer,
  octets,
  oid,
  sequence,
  set,
  text,
  time,
  yes,
} from "./der.ts";

interface KeyPair {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS 8. */
  readonly key: string;
}

/** All key material of one instance: made for it, never kept for another. */
export interface Pki {
  /** PEM by authority. */
  readonly authorities: Readonly<Record<CertificateRequest["authority"], KeyPair>>;
  readonly pairs: Readonly<Record<string, KeyPair>>;
  /** Signs service account tokens; PEM. */
  readonly serviceAccount: { readonly publicKey: string; readonly key: string };
}

const VALID_DAYS = 365;
const DAY_MS = 86_400_000;
const OID = {
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  basicConstraints: "2.5.29.19",
  keyUsage: "2.5.29.15",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  subjectAltName: "2.5.29.17",
  subjectKeyId: "2.5.29.14",
  authorityKeyId: "2.5.29.35",
} as const;

interface Authority {
  readonly name: Buffer;
  readonly keyId: Buffer;
  readonly privateKey: KeyObject;
  readonly pair: KeyPair;
}

/** Two authorities and a certificate for every request; P-256 throughout, valid for a year. */
export function makePki(requests: readonly CertificateRequest[], now: Date): Pki {
  const authorities = {
    ca: makeAuthority("ninety-ca", now),
    "front-proxy-ca": makeAuthority("ninety-front-proxy-ca", now),
  };
  const serviceAccount = newKeys();
  return {
    authorities: {
      ca: authorities.ca.pair,
      "front-proxy-ca": authorities["front-proxy-ca"].pair,
    },
    pairs: Object.fromEntries(
      requests.map((request) => [
        request.name,
        issue(request, authorities[request.authority], now),
      ]),
    ),
    serviceAccount: {
      publicKey: serviceAccount.publicKey.export({ type: "spki", format: "pem" }).toString(),
      key: pemKey(serviceAccount.privateKey),
    },
  };
}

const newKeys = (): { publicKey: KeyObject; privateKey: KeyObject } =>
  generateKeyPairSync("ec", { namedCurve: "P-256" });
const pemKey = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();

function makeAuthority(commonName: string, now: Date): Authority {
  const { publicKey, privateKey } = newKeys();
  const name = nameOf(commonName, null);
  const publicDer = publicKey.export({ type: "spki", format: "der" });
  const keyId = keyIdOf(publicDer);
  const extensions = [
    extension(OID.basicConstraints, sequence(yes()), true),
    // keyCertSign and cRLSign.
    extension(OID.keyUsage, bits(Buffer.from([0x06]), 1), true),
    extension(OID.subjectKeyId, octets(keyId)),
  ];
  const certificate = signed(
    { issuer: name, subject: name, publicDer, extensions },
    privateKey,
    now,
  );
  return { name, keyId, privateKey, pair: { certificate, key: pemKey(privateKey) } };
}

function issue(request: CertificateRequest, authority: Authority, now: Date): KeyPair {
  const { publicKey, privateKey } = newKeys();
  const publicDer = publicKey.export({ type: "spki", format: "der" });
  const others = [
    ...request.names.map((name) => implicit(2, Buffer.from(name))),
    ...request.addresses.map((address) => implicit(7, Buffer.from(address.split(".").map(Number)))),
  ];
  const usage = request.usage === "server" ? OID.serverAuth : OID.clientAuth;
  const extensions = [
    // digitalSignature.
    extension(OID.keyUsage, bits(Buffer.from([0x80]), 7), true),
    extension(OID.extendedKeyUsage, sequence(oid(usage))),
    extension(OID.subjectKeyId, octets(keyIdOf(publicDer))),
    extension(OID.authorityKeyId, sequence(implicit(0, authority.keyId))),
    ...(others.length === 0 ? [] : [extension(OID.subjectAltName, sequence(...others))]),
  ];
  const subject = nameOf(request.commonName, request.organization);
  const certificate = signed(
    { issuer: authority.name, subject, publicDer, extensions },
    authority.privateKey,
    now,
  );
  return { certificate, key: pemKey(privateKey) };
}

function nameOf(commonName: string, organization: string | null): Buffer {
  const part = (kind: string, value: string): Buffer => set(sequence(oid(kind), text(value)));
  return sequence(
    ...(organization === null ? [] : [part(OID.organization, organization)]),
    part(OID.commonName, commonName),
  );
}

const keyIdOf = (publicDer: Buffer): Buffer => createHash("sha1").update(publicDer).digest();

const extension = (id: string, value: Buffer, critical = false): Buffer =>
  sequence(oid(id), ...(critical ? [yes()] : []), octets(value));

function signed(
  of: { issuer: Buffer; subject: Buffer; publicDer: Buffer; extensions: readonly Buffer[] },
  by: KeyObject,
  now: Date,
): string {
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const serial = randomBytes(16);
  // Positive and of full length.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const validity = sequence(
    // Clocks of clients may be behind.
    time(new Date(now.getTime() - DAY_MS / 24)),
    time(new Date(now.getTime() + VALID_DAYS * DAY_MS)),
  );
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(serial),
    algorithm,
    of.issuer,
    validity,
    of.subject,
    of.publicDer,
    explicit(3, sequence(...of.extensions)),
  );
  const der = sequence(body, algorithm, bits(sign("sha256", body, by)));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
