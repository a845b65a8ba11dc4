/** What a run of the peers finds, as data: docs/bench/results.json. It holds no date, so that only measurements change it. */

export type PassName = 'forward' | 'backward';

/** What is reported: each pass, and the two one after the other. */
export type PassShown = PassName | 'both';

/** Whether a peer is plain JavaScript, computes in WebAssembly, or is machine code. */
export type PeerKind = 'js' | 'wasm' | 'native';

export interface Report {
  readonly machine: { readonly cpu: string; readonly node: string; readonly v8: string };
  readonly settings: { readonly rounds: number; readonly quick: boolean };
  readonly peers: readonly PeerInfo[];
  readonly workloads: readonly WorkloadReport[];
  readonly bundles: readonly Bundle[];
}

export interface PeerInfo {
  readonly name: string;
  readonly kind: PeerKind;
  /** Of each of its packages. */
  readonly versions: Readonly<Record<string, string>>;
  /** Why the peer took no part. */
  readonly refused?: string;
}

export interface WorkloadReport {
  readonly name: string;
  readonly layer: string;
  /** The sizes as a reader knows them. */
  readonly label: string;
  readonly passes: readonly PassReport[];
}

export interface PassReport {
  readonly pass: PassShown;
  /** Our functions over arrays that the caller hands in. */
  readonly plain: Timing;
  /** Our functions over arrays bound once, where the kernel exports `bind`. */
  readonly bound?: Timing;
  /** Our functions in WebAssembly over arrays bound in place. */
  readonly wasm?: Timing;
  readonly peers: Readonly<Record<string, PeerTiming>>;
}

/** Of one call, in microseconds. */
export interface Timing {
  readonly medianUs: number;
  readonly minUs: number;
  readonly rounds: number;
}

export type PeerTiming = (Timing & { readonly form: string }) | Refusal;

/** Why something was not timed. */
export interface Refusal {
  readonly refused: string;
}

export interface Bundle {
  readonly what: string;
  /** Minified and gzipped; what a page loads beside the script counts. */
  readonly bytes: number;
}

export const isRefusal = <T extends object>(x: T | Refusal): x is Refusal => 'refused' in x;

/** The fastest peer of a kind in a pass by the median; nothing if none could run it. */
export function bestPeer(report: Report, pass: PassReport, kind: PeerKind): { readonly name: string; readonly medianUs: number } | undefined {
  const timed = report.peers.filter((peer) => peer.kind === kind).flatMap(({ name }) => {
    const timing = pass.peers[name];
    return timing && !isRefusal(timing) ? [{ name, medianUs: timing.medianUs }] : [];
  });
  return timed.sort((a, b) => a.medianUs - b.medianUs)[0];
}

/** Ours by target, in the interface that is meant for speed: bound arrays where there are any. */
export const ourBest = (pass: PassReport, target: 'ts' | 'wasm'): Timing | undefined => (target === 'wasm' ? pass.wasm : pass.bound ?? pass.plain);
