// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.
import type { KubeObject } from "../../model/json.ts";
import type { ExpressionSelectors, Status } from "./common.ts";

export interface PhysicalMachineChaos {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: "PhysicalMachineChaos";
  readonly metadata: KubeObject["metadata"];
  readonly spec: {
    readonly action:
      | "stress-cpu"
      | "stress-mem"
      | "disk-read-payload"
      | "disk-write-payload"
      | "disk-fill"
      | "network-corrupt"
      | "network-duplicate"
      | "network-loss"
      | "network-delay"
      | "network-partition"
      | "network-dns"
      | "network-bandwidth"
      | "network-flood"
      | "network-down"
      | "process"
      | "jvm-exception"
      | "jvm-gc"
      | "jvm-latency"
      | "jvm-return"
      | "jvm-stress"
      | "jvm-rule-data"
      | "jvm-mysql"
      | "clock"
      | "redis-expiration"
      | "redis-penetration"
      | "redis-cacheLimit"
      | "redis-restart"
      | "redis-stop"
      | "kafka-fill"
      | "kafka-flood"
      | "kafka-io"
      | "file-create"
      | "file-modify"
      | "file-delete"
      | "file-rename"
      | "file-append"
      | "file-replace"
      | "vm"
      | "user_defined";
    readonly address?: readonly string[];
    readonly clock?: {
      readonly "clock-ids-slice"?: string;
      readonly pid?: number;
      readonly "time-offset"?: string;
    };
    readonly "disk-fill"?: {
      readonly "fill-by-fallocate"?: boolean;
      readonly path?: string;
      readonly size?: string;
    };
    readonly "disk-read-payload"?: {
      readonly path?: string;
      readonly "payload-process-num"?: number;
      readonly size?: string;
    };
    readonly "disk-write-payload"?: {
      readonly path?: string;
      readonly "payload-process-num"?: number;
      readonly size?: string;
    };
    readonly duration?: string;
    readonly "file-append"?: {
      readonly count?: number;
      readonly data?: string;
      readonly "file-name"?: string;
    };
    readonly "file-create"?: {
      readonly "dir-name"?: string;
      readonly "file-name"?: string;
    };
    readonly "file-delete"?: {
      readonly "dir-name"?: string;
      readonly "file-name"?: string;
    };
    readonly "file-modify"?: {
      readonly "file-name"?: string;
      readonly privilege?: number;
    };
    readonly "file-rename"?: {
      readonly "dest-file"?: string;
      readonly "source-file"?: string;
    };
    readonly "file-replace"?: {
      readonly "dest-string"?: string;
      readonly "file-name"?: string;
      readonly line?: number;
      readonly "origin-string"?: string;
    };
    readonly "http-abort"?: {
      readonly code?: string;
      readonly method?: string;
      readonly path?: string;
      readonly port?: number;
      readonly proxy_ports: readonly number[];
      readonly target: string;
    };
    readonly "http-config"?: {
      readonly file_path?: string;
    };
    readonly "http-delay"?: {
      readonly code?: string;
      readonly delay: string;
      readonly method?: string;
      readonly path?: string;
      readonly port?: number;
      readonly proxy_ports: readonly number[];
      readonly target: string;
    };
    readonly "http-request"?: {
      readonly count?: number;
      readonly "enable-conn-pool"?: boolean;
      readonly url?: string;
    };
    readonly "jvm-exception"?: {
      readonly class?: string;
      readonly exception?: string;
      readonly method?: string;
      readonly pid?: number;
      readonly port?: number;
    };
    readonly "jvm-gc"?: {
      readonly pid?: number;
      readonly port?: number;
    };
    readonly "jvm-latency"?: {
      readonly class?: string;
      readonly latency?: number;
      readonly method?: string;
      readonly pid?: number;
      readonly port?: number;
    };
    readonly "jvm-mysql"?: {
      readonly database?: string;
      readonly exception?: string;
      readonly latency?: number;
      readonly mysqlConnectorVersion?: string;
      readonly pid?: number;
      readonly port?: number;
      readonly sqlType?: string;
      readonly table?: string;
    };
    readonly "jvm-return"?: {
      readonly class?: string;
      readonly method?: string;
      readonly pid?: number;
      readonly port?: number;
      readonly value?: string;
    };
    readonly "jvm-rule-data"?: {
      readonly pid?: number;
      readonly port?: number;
      readonly "rule-data"?: string;
    };
    readonly "jvm-stress"?: {
      readonly "cpu-count"?: number;
      readonly "mem-type"?: string;
      readonly pid?: number;
      readonly port?: number;
    };
    readonly "kafka-fill"?: {
      readonly host?: string;
      readonly maxBytes?: number;
      readonly messageSize?: number;
      readonly password?: string;
      readonly port?: number;
      readonly reloadCommand?: string;
      readonly topic?: string;
      readonly username?: string;
    };
    readonly "kafka-flood"?: {
      readonly host?: string;
      readonly messageSize?: number;
      readonly password?: string;
      readonly port?: number;
      readonly threads?: number;
      readonly topic?: string;
      readonly username?: string;
    };
    readonly "kafka-io"?: {
      readonly configFile?: string;
      readonly nonReadable?: boolean;
      readonly nonWritable?: boolean;
      readonly topic?: string;
    };
    readonly mode: "one" | "all" | "fixed" | "fixed-percent" | "random-max-percent";
    readonly "network-bandwidth"?: {
      /** at least 1 */
      readonly buffer: number;
      readonly device?: string;
      readonly hostname?: string;
      readonly "ip-address"?: string;
      /** at least 1 */
      readonly limit: number;
      readonly minburst?: number;
      readonly peakrate?: number;
      readonly rate: string;
    };
    readonly "network-corrupt"?: {
      readonly correlation?: string;
      readonly device?: string;
      readonly "egress-port"?: string;
      readonly hostname?: string;
      readonly "ip-address"?: string;
      readonly "ip-protocol"?: string;
      readonly percent?: string;
      readonly "source-port"?: string;
    };
    readonly "network-delay"?: {
      readonly "accept-tcp-flags"?: string;
      readonly correlation?: string;
      readonly device?: string;
      readonly "egress-port"?: string;
      readonly hostname?: string;
      readonly "ip-address"?: string;
      readonly "ip-protocol"?: string;
      readonly jitter?: string;
      readonly latency?: string;
      readonly "source-port"?: string;
    };
    readonly "network-dns"?: {
      readonly "dns-domain-name"?: string;
      readonly "dns-ip"?: string;
      readonly "dns-server"?: string;
    };
    readonly "network-down"?: {
      readonly device?: string;
      readonly duration?: string;
    };
    readonly "network-duplicate"?: {
      readonly correlation?: string;
      readonly device?: string;
      readonly "egress-port"?: string;
      readonly hostname?: string;
      readonly "ip-address"?: string;
      readonly "ip-protocol"?: string;
      readonly percent?: string;
      readonly "source-port"?: string;
    };
    readonly "network-flood"?: {
      readonly duration: string;
      readonly "ip-address"?: string;
      readonly parallel?: number;
      readonly port?: string;
      readonly rate: string;
    };
    readonly "network-loss"?: {
      readonly correlation?: string;
      readonly device?: string;
      readonly "egress-port"?: string;
      readonly hostname?: string;
      readonly "ip-address"?: string;
      readonly "ip-protocol"?: string;
      readonly percent?: string;
      readonly "source-port"?: string;
    };
    readonly "network-partition"?: {
      readonly "accept-tcp-flags"?: string;
      readonly device?: string;
      readonly direction?: string;
      readonly hostname?: string;
      readonly "ip-address"?: string;
      readonly "ip-protocol"?: string;
    };
    readonly process?: {
      readonly process?: string;
      readonly recoverCmd?: string;
      readonly signal?: number;
    };
    readonly "redis-cacheLimit"?: {
      readonly addr?: string;
      readonly cacheSize?: string;
      readonly password?: string;
      readonly percent?: string;
    };
    readonly "redis-expiration"?: {
      readonly addr?: string;
      readonly expiration?: string;
      readonly key?: string;
      readonly option?: string;
      readonly password?: string;
    };
    readonly "redis-penetration"?: {
      readonly addr?: string;
      readonly password?: string;
      readonly requestNum?: number;
    };
    readonly "redis-restart"?: {
      readonly addr?: string;
      readonly conf?: string;
      readonly flushConfig?: boolean;
      readonly password?: string;
      readonly redisPath?: boolean;
    };
    readonly "redis-stop"?: {
      readonly addr?: string;
      readonly conf?: string;
      readonly flushConfig?: boolean;
      readonly password?: string;
      readonly redisPath?: boolean;
    };
    readonly remoteCluster?: string;
    readonly selector?: {
      readonly annotationSelectors?: Readonly<Record<string, string>>;
      readonly expressionSelectors?: readonly ExpressionSelectors[];
      readonly fieldSelectors?: Readonly<Record<string, string>>;
      readonly labelSelectors?: Readonly<Record<string, string>>;
      readonly namespaces?: readonly string[];
      readonly physicalMachines?: Readonly<Record<string, readonly string[]>>;
    };
    readonly "stress-cpu"?: {
      readonly load?: number;
      readonly options?: readonly string[];
      readonly workers?: number;
    };
    readonly "stress-mem"?: {
      readonly options?: readonly string[];
      readonly size?: string;
    };
    readonly uid?: string;
    readonly user_defined?: {
      readonly attackCmd?: string;
      readonly recoverCmd?: string;
    };
    readonly value?: string;
    readonly vm?: {
      readonly "vm-name"?: string;
    };
  };
  readonly status?: Status;
}
