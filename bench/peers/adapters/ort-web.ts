/**
 * ONNX Runtime in WebAssembly SIMD, one thread: inference only. Each layer is a model of a node or a few, its parameters constants
 * that the runtime may pack beforehand. A run copies its input in and its output out; there is no other way to call it.
 */
import * as ort from 'onnxruntime-web/wasm';
import { encodeModel } from '../onnx/model.ts';
import { modelsOf } from '../onnx/layers.ts';
import type { Case, Peer } from '../peer.ts';
import type { Workload } from '../workload.ts';

export const ortWeb: Peer = {
  open: () => {
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.proxy = false;
    return Promise.resolve();
  },
  prepare: async (workload) => {
    const forward: Case[] = [];
    for (const { form, model } of modelsOf(workload)) forward.push(await caseOf(workload, form, encodeModel(model)));
    return {
      forward: forward.length > 0 ? forward : { refused: `no adapter for ${workload.layer}` },
      backward: { refused: 'runs inference only' },
      backwardIncludesForward: false,
    };
  },
};

async function caseOf({ arrays, shapes }: Workload, form: string, model: Uint8Array): Promise<Case> {
  const session = await createSession(model);
  const feeds = { x: new ort.Tensor('float32', arrays['x']!, shapes['x']!) };
  return {
    form,
    call: async () => { await session.run(feeds, ['out']); },
    results: async () => ({ out: (await session.run(feeds, ['out']))['out']!.data as Float32Array }),
  };
}

/** The runtime leaves a global `Worker` behind that Node does not have, and others take Node for a browser by it. */
async function createSession(model: Uint8Array): Promise<ort.InferenceSession> {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'Worker');
  const session = await ort.InferenceSession.create(model, { executionProviders: ['wasm'], graphOptimizationLevel: 'all', logSeverityLevel: 3 });
  if (before) Object.defineProperty(globalThis, 'Worker', before);
  else Reflect.deleteProperty(globalThis, 'Worker');
  return session;
}
