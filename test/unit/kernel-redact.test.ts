import { expect, test } from "vitest";
import { isSecretName, redact, redactJson } from "../../src/kernel/redact.ts";

test.each([
  ['I1125 1 secret.go:281] "Couldn\'t get secret" err="not found"'],
  ['"token_manager.go:121] the server must serve it"'],
  ["usage: prompt_tokens: 512, completion_tokens=12, max_tokens: 5"],
  ["tokenizer: llama, tokenizerPath=/models/t.json"],
  ["flags: --tls-private-key-file=/etc/pki/a.key --authorization-mode=Node,RBAC"],
  ["volume kubernetes.io/secret/a mounted; secretName: serving-cert"],
  ["automountServiceAccountToken: false, Secret:nil,ISCSI:nil"],
  [
    "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIBATAKBggqhkjOPQQDAjA\n-----END CERTIFICATE-----\n",
  ],
  ["certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUI="],
  ["non-secret data, a password is needed, the bearer of it"],
])("leaves %s", (text) => {
  expect(redact(text)).toBe(text);
});

test.each([
  ["curl -H 'Authorization: Bearer abc.def-ghi'", "curl -H 'Authorization: <redacted>"],
  ['{"password":"a\\"b","user":"c"}', '{"password":"<redacted>","user":"c"}'],
  ['{"msg":"{\\"token\\":\\"abc\\"}"}', '{"msg":"{\\"token\\":\\"<redacted>\\"}"}'],
  ["client-key-data: LS0tLS1CRUdJTiBSU0EgUFJJ", "client-key-data: <redacted>"],
  ["postgres://me:pw@db/x?ssl=1", "postgres://me:<redacted>@db/x?ssl=1"],
  ["export HF_TOKEN=hf_abc; serve", "export HF_TOKEN=<redacted> serve"],
  ["a\r\npassword=b\r\nc\r\n", "a\r\npassword=<redacted>\r\nc\r\n"],
  [`${"x".repeat(300_000)}\nshort`, "<left out: a line of 300000 characters>\nshort"],
])("redacts %s", (text, expected) => {
  expect(redact(text)).toBe(expected);
});

test("an object loses the values of its secret variables and of nothing else", () => {
  const pod = {
    spec: {
      automountServiceAccountToken: true,
      volumes: [{ name: "cert", secret: { secretName: "serving-cert" } }],
      containers: [
        {
          name: "server",
          args: ["--api-key", "abc", "--port", "80", "--token=xyz"],
          env: [
            { name: "DB_PASSWORD", value: "hunter2" },
            { name: "API_TOKEN", valueFrom: { secretKeyRef: { name: "a", key: "token" } } },
            { name: "POD", value: "p-1" },
          ],
        },
      ],
    },
  };
  expect(redactJson(pod)).toEqual({
    spec: {
      automountServiceAccountToken: true,
      volumes: [{ name: "cert", secret: { secretName: "serving-cert" } }],
      containers: [
        {
          name: "server",
          args: ["--api-key", "<redacted>", "--port", "80", "--token=<redacted>"],
          env: [
            { name: "DB_PASSWORD", value: "<redacted>" },
            { name: "API_TOKEN", valueFrom: { secretKeyRef: { name: "a", key: "token" } } },
            { name: "POD", value: "p-1" },
          ],
        },
      ],
    },
  });
});

test("a name says whether it is that of a secret", () => {
  for (const name of ["password", "DB_PASSWORD", "apiKey", "client-key-data", "HF_TOKEN"])
    expect(isSecretName(name)).toBe(true);
  for (const name of ["secretName", "tokenizer", "key", "PASSWORD_FILE", "tokenExpirationSeconds"])
    expect(isSecretName(name)).toBe(false);
});
