/**
 * The shape of a build file as a JSON Schema. It lives here so that the compiler opens no file of its own;
 * specs/build.schema.json, which editors use, is printed from it by `npm run docs`.
 */

const MAX_KERNELS = 1000;

export const buildSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: 'https://kernelwright.dev/build.schema.json',
  title: 'Kernelwright build file',
  description: 'Which layers to compile, at which sizes, into which folder.',
  type: 'object',
  required: ['kernels'],
  additionalProperties: false,
  properties: {
    out: {
      type: 'string', minLength: 1,
      description: 'Folder for the generated files, relative to the build file. Default: generated.',
      default: 'generated'
    },
    dtype: { $ref: '#/definitions/dtype' },
    staged: { $ref: '#/definitions/staged' },
    accumulate: { $ref: '#/definitions/accumulate' },
    buffers: { $ref: '#/definitions/buffers' },
    relaxed: { $ref: '#/definitions/relaxed' },
    target: { $ref: '#/definitions/target' },
    kernels: {
      type: 'array', minItems: 1, maxItems: MAX_KERNELS,
      description: 'One entry a module.',
      items: { $ref: '#/definitions/kernel' }
    }
  },
  definitions: {
    dtype: { enum: ['f32', 'f64'], description: 'Type of every array of real numbers. Default: f32.' },
    staged: { type: 'boolean', description: 'Also emit the unsimplified reverse sweep, backwardStaged. Default: false.' },
    accumulate: { type: 'boolean', description: 'Add to the gradients instead of writing them. Default: false.' },
    buffers: {
      enum: ['caller', 'module'],
      description: 'Who owns the arrays: whoever calls, or the module itself, which exports them by name. Default: caller.'
    },
    relaxed: {
      type: 'boolean',
      description: 'In WebAssembly, add products in one rounding where the engine has relaxed SIMD; false: the same bits in every engine. Default: true.'
    },
    target: {
      enum: ['ts', 'wasm', ['ts', 'wasm']],
      description: 'What the loops are written in: TypeScript, WebAssembly with SIMD, or both and a module that picks. Default: ts.'
    },
    kernel: {
      type: 'object',
      required: ['layer'],
      additionalProperties: false,
      properties: {
        layer: { type: 'string', minLength: 1, maxLength: 100, description: 'A spec beside the build file, else one that ships.' },
        sizes: {
          type: 'object',
          description: 'The size of every axis that is not derived.',
          additionalProperties: { type: 'integer', minimum: 1, maximum: 2147483647 }
        },
        options: {
          type: 'object',
          description: 'Options of the spec that differ from its defaults.',
          additionalProperties: { type: ['number', 'string'] }
        },
        name: {
          type: 'string', minLength: 1, maxLength: 100,
          description: 'Of the module, its file and its namespace. Default: the layer and its sizes, layernorm_128x768.'
        },
        dtype: { $ref: '#/definitions/dtype' },
        staged: { $ref: '#/definitions/staged' },
        accumulate: { $ref: '#/definitions/accumulate' },
        buffers: { $ref: '#/definitions/buffers' },
        relaxed: { $ref: '#/definitions/relaxed' },
        target: { $ref: '#/definitions/target' }
      }
    }
  }
} as const;
