// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.

export interface Atime {
  readonly nsec: number;
  readonly sec: number;
}

export interface Bandwidth {
  /** at least 1 */
  readonly buffer: number;
  /** at least 1 */
  readonly limit: number;
  /** at least 0 */
  readonly minburst?: number;
  /** at least 0 */
  readonly peakrate?: number;
  readonly rate: string;
}

export interface Body {
  readonly type: string;
  readonly value: string;
}

export interface Conditions {
  readonly reason?: string;
  readonly status: string;
  readonly type: string;
}

export interface ContainerRecords {
  readonly events?: readonly Events[];
  readonly id: string;
  readonly injectedCount: number;
  readonly phase: string;
  readonly recoveredCount: number;
  readonly selectorKey: string;
}

export interface Corrupt {
  readonly correlation?: string;
  readonly corrupt: string;
}

export interface Delay {
  readonly correlation?: string;
  /** matches ^[0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h)$ */
  readonly jitter?: string;
  /** matches ^[0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h)$ */
  readonly latency: string;
  readonly reorder?: Reorder;
}

export interface Duplicate {
  readonly correlation?: string;
  readonly duplicate: string;
}

export interface Events {
  readonly message?: string;
  readonly operation: string;
  readonly timestamp: string;
  readonly type: string;
}

export interface Experiment {
  readonly containerRecords?: readonly ContainerRecords[];
  readonly desiredPhase?: "Run" | "Stop";
}

export interface ExpressionSelectors {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

export interface Loss {
  readonly correlation?: string;
  readonly loss: string;
}

export interface Mistake {
  readonly filling?: "zero" | "random";
  /** at least 1 */
  readonly maxLength?: number;
  /** at least 1 */
  readonly maxOccurrences?: number;
}

export interface Patch {
  readonly body?: Body;
  readonly headers?: readonly (readonly string[])[];
  readonly queries?: readonly (readonly string[])[];
}

export interface Rate {
  readonly rate: string;
}

export interface Reorder {
  readonly correlation?: string;
  readonly gap: number;
  readonly reorder: string;
}

export interface Replace {
  readonly body?: string;
  readonly code?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly path?: string;
  readonly queries?: Readonly<Record<string, string>>;
}

export interface Selector {
  readonly annotationSelectors?: Readonly<Record<string, string>>;
  readonly expressionSelectors?: readonly ExpressionSelectors[];
  readonly fieldSelectors?: Readonly<Record<string, string>>;
  readonly labelSelectors?: Readonly<Record<string, string>>;
  readonly namespaces?: readonly string[];
  readonly nodeSelectors?: Readonly<Record<string, string>>;
  readonly nodes?: readonly string[];
  readonly podPhaseSelectors?: readonly string[];
  readonly pods?: Readonly<Record<string, readonly string[]>>;
}

export interface Status {
  readonly conditions?: readonly Conditions[];
  readonly experiment: Experiment;
}

export interface Status2 {
  readonly conditions?: readonly Conditions[];
  readonly experiment: Experiment;
  readonly instances?: Readonly<Record<string, number>>;
}

export interface Status3 {
  readonly failedMessage?: string;
  readonly observedGeneration?: number;
  readonly pid?: number;
  readonly startTime?: number;
}

export interface Tls {
  readonly caName?: string;
  readonly certName: string;
  readonly keyName: string;
  readonly secretName: string;
  readonly secretNamespace: string;
}
