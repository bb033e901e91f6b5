import { expect, test } from "vitest";
import { chosen, parseModelConfig } from "../../workloads/programs/model-server/model-config.ts";

const config = (of: object): string =>
  JSON.stringify({
    model_config_list: { config: [{ name: "mlp", base_path: "/models/mlp", ...of }] },
  });
const VERSIONS = [3, 2, 1].map((version) => ({ version }));
const picked = (of: object): readonly number[] =>
  chosen(parseModelConfig(config(of), "mlp").policy, VERSIONS).map(({ version }) => version);

test("each policy picks its versions, newest first; without one the latest", () => {
  expect(picked({})).toEqual([3]);
  expect(picked({ model_version_policy: { latest: {} } })).toEqual([3]);
  expect(picked({ model_version_policy: { latest: { num_versions: 2 } } })).toEqual([3, 2]);
  expect(picked({ model_version_policy: { all: {} } })).toEqual([3, 2, 1]);
  expect(picked({ model_version_policy: { specific: { versions: [1, 3, 9] } } })).toEqual([3, 1]);
});

test("64-bit numbers may be text, as in the JSON form of protobuf", () => {
  const written = {
    model_version_policy: { specific: { versions: ["1", "2"] } },
    version_labels: { stable: "1" },
  };
  expect(parseModelConfig(config(written), "mlp")).toEqual({
    basePath: "/models/mlp",
    policy: { kind: "specific", versions: [1, 2] },
    labels: { stable: 1 },
  });
});

test("problems name field, rule and value, all at once", () => {
  const path = "model_config_list.config[0]";
  const problemsOf = (text: string): readonly string[] => {
    try {
      parseModelConfig(text, "mlp");
      return [];
    } catch (error) {
      return (error as Error).message.split("; ");
    }
  };
  const written = {
    model_version_policy: { specific: { versions: [0] } },
    version_labels: { stable: "one" },
  };
  expect(problemsOf(config(written))).toEqual([
    `${path}.model_version_policy.specific.versions must be a list of versions, got [0]`,
    `${path}.version_labels.stable must be a whole number of at least 1, got NaN`,
  ]);
  expect(problemsOf(config({ model_version_policy: { all: {}, latest: {} } }))).toEqual([
    `${path}.model_version_policy must be one of latest, all, specific, got {"all":{},"latest":{}}`,
  ]);
  expect(problemsOf("[]")[0]).toBe("model_config_list.config must be a list of one, got 0");
  expect(problemsOf("no")).toEqual(['must be JSON, got "no"']);
});
