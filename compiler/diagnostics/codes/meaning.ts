/** Codes of what formulas mean: names, axes, indices, modes, cache and claims. */
import { codes } from './entry.ts';

export const meaningCodes = codes({
  'unknown-axis': {
    about: 'The axis is none of the shapes of this layer and is not derived in `axes`, or a reduction runs over an axis that '
      + 'nothing in its formula has.',
    bad: 'var: mean[K]((x - mu)^2)     # x has [N, D]',
    good: 'var: mean[D]((x - mu)^2)',
  },
  'unknown-tensor': {
    about: 'The formula reads a name that is no input, parameter, state, random tensor, definition or option.',
    bad: 'out: gama * xhat',
    good: 'out: gamma * xhat',
  },
  'unknown-option': {
    about: 'The layer has no option of that name.',
    bad: '{ layer: layernorm, sizes: { N: 8, D: 64 }, options: { epsilon: 0.1 } }',
    good: '{ layer: layernorm, sizes: { N: 8, D: 64 }, options: { eps: 0.1 } }',
  },
  'unknown-function': {
    about: 'The language has no function of that name.',
    bad: 'out: relu(x)',
    good: 'out: max(x, 0)',
  },
  'wrong-arity': {
    about: 'The function takes another number of arguments.',
    bad: 'out: where(x > 0, x)',
    good: 'out: where(x > 0, x, 0)',
  },
  'wrong-index-count': {
    about: 'A read gives every slot of the shape one index; a composite slot is read as a list in parentheses.',
    bad: 'out: x[N]                    # x has [N, D]',
    good: 'out: x[N, D]',
  },
  'index-not-affine': {
    about: 'An index is a sum of axes times integers: axes, integer options, `size(A)`, integers, and elements of integer '
      + 'tensors. With anything else, no bound could be proven and no gradient gathered.',
    bad: 'out: x[N, D*D]',
    good: 'out: x[N, 2*D + 1]',
  },
  'not-an-integer': {
    about: 'Sizes and indices are made of integers: of options whose value is an integer and of tensors with `dtype: i32`.',
    bad: 'options: { stride: 1.5 }\naxes: { OW: W // stride }',
    good: 'options: { stride: 2 }\naxes: { OW: W // stride }',
  },
  'mixed-truth': {
    about: 'Comparisons and `and or not` give truth values, which `where` and they alone read; numbers are no conditions.',
    bad: 'out: x * (x > 0)',
    good: 'out: where(x > 0, x, 0)',
  },
  'exponent-not-constant': {
    about: 'The exponent of `^` is a number or an option, so that its derivative is known. For anything else write `exp(y * log(x))`.',
    bad: 'out: x ^ gamma',
    good: 'out: exp(gamma * log(x))',
  },
  'read-before-definition': {
    about: 'Definitions are computed in the order in which they stand; one reads only what stands above it.',
    bad: 'xhat: (x - mu) / sd\nmu: mean(x)',
    good: 'mu: mean(x)\nxhat: (x - mu) / sd',
  },
  'cyclic-definition': {
    about: 'A definition reads itself, directly or through others.',
    bad: 'mu: mean(x - mu)',
    good: 'mu: mean(x)',
  },
  'cyclic-axis': {
    about: 'The size of an axis is derived from itself, directly or through others.',
    bad: 'axes: { A: B + 1, B: A + 1 }',
    good: 'axes: { A: N + 1, B: A + 1 }',
  },
  'redefined-input': {
    about: 'An input, parameter or random tensor is given from outside and cannot be defined.',
    bad: 'forward:\n  x: x - 1\n  out: x',
    good: 'forward:\n  shifted: x - 1\n  out: shifted',
  },
  'output-axes': {
    about: 'The axes that the formula of an output leaves free must be those of its declared shape, in any order.',
    bad: 'outputs: { out: [N] }\nforward: { out: x * 2 }      # x has [N, D]',
    good: 'outputs: { out: [N, D] }\nforward: { out: x * 2 }',
  },
  'output-undefined': {
    about: 'An output is declared, but no formula in `forward` defines it in this mode.',
    bad: 'outputs: { out: [N, D] }\nforward: { y: x * 2 }',
    good: 'outputs: { y: [N, D] }\nforward: { y: x * 2 }',
  },
  'update-axes': {
    about: 'The new value of a state has the axes of its shape.',
    bad: 'state: { running_mean: [D] }\nupdate: { running_mean: x }     # x has [N, D]',
    good: 'state: { running_mean: [D] }\nupdate: { running_mean: mean[N](x) }',
  },
  'update-unknown': {
    about: '`update` gives new values to tensors of `state`, and to nothing else.',
    bad: 'update: { gamma: gamma * 0.9 }',
    good: 'state: { scale: [D] }\nupdate: { scale: scale * 0.9 }',
  },
  'reduction-axes': {
    about: 'A reduction without brackets runs over the axes of `reduce`, and there is none; or an axis stands twice; or the reduction '
      + 'has no axis at all.',
    bad: 'forward: { mu: mean(x) }      # and no `reduce`',
    good: 'reduce: [D]\nforward: { mu: mean(x) }',
  },
  'out-of-bounds': {
    about: 'Every read is proven to stay inside its array when the sizes are known. A tensor that may be read outside says what '
      + 'that gives: `outside: 0`.',
    bad: 'out: x[N, D + 1]',
    good: 'inputs: { x: { shape: [N, D], outside: 0 } }\nforward: { out: x[N, D + 1] }',
  },
  'does-not-divide': {
    about: '`/` between integers must leave no rest in sizes and indices. `//` rounds down.',
    bad: 'axes: { OW: W / 2 }           # W = 7',
    good: 'axes: { OW: W // 2 }',
  },
  'size-missing': {
    about: 'The build file gives the size of every axis that `axes` does not derive.',
    bad: '{ layer: layernorm, sizes: { N: 8 } }',
    good: '{ layer: layernorm, sizes: { N: 8, D: 64 } }',
  },
  'size-invalid': {
    about: 'A size is a positive integer, also one that is derived.',
    bad: 'sizes: { N: 0, D: 6.5 }',
    good: 'sizes: { N: 8, D: 64 }',
  },
  'size-unknown': {
    about: 'The layer has no such axis, or derives its size, so that none can be given.',
    bad: '{ layer: layernorm, sizes: { N: 8, D: 64, C: 3 } }',
    good: '{ layer: layernorm, sizes: { N: 8, D: 64 } }',
  },
  'cache-unknown': {
    about: '`cache` lists definitions, inputs, parameters and `hit(y)`; this is none of them.',
    bad: 'cache: [xhta]',
    good: 'cache: [xhat]',
  },
  'cache-hit': {
    about: '`hit(y)` is which element of its window each maximum or minimum is: the formula of y is a `max` or `min` over axes and '
      + 'nothing else.',
    bad: 'out: 2 * max[K](x)\ncache: [hit(out)]',
    good: 'top: max[K](x)\nout: 2 * top\ncache: [hit(top)]',
  },
  'cache-insufficient': {
    about: 'Backward needs a tensor that it cannot recompute from the upstream gradients, the parameters, integer inputs and what '
      + '`cache` lists.',
    bad: 'out: x * x\ncache: []',
    good: 'out: x * x\ncache: [x]',
  },
  'mode-missing': {
    about: 'A formula that is used in a mode reads a definition that does not exist in that mode.',
    bad: 'mu: { train: mean(x) }\nout: x - mu                   # in test mode too',
    good: 'mu: { train: mean(x), test: running_mean }\nout: x - mu',
  },
  'mode-cache': {
    about: 'What `cache` lists exists in both modes, with axes of which one array can hold the union.',
    bad: 'mask: { train: where(u < p, 1, 0) }\ncache: [mask]',
    good: 'mask: { train: where(u < p, 1, 0), test: 1 }\ncache: [mask]',
  },
  'integer-tensor': {
    about: 'A tensor of `dtype: i32` is an input: labels and ids. State, parameters, random tensors and outputs are real numbers.',
    bad: 'params: { w: { shape: [D], dtype: i32 } }',
    good: 'inputs: { ids: { shape: [N], dtype: i32 } }',
  },
  'abstract-layer': {
    about: 'The layer says `abstract: true`: it holds what others extend and cannot be built itself.',
    bad: '- { layer: normalization, sizes: { N: 8, D: 64 } }',
    good: '- { layer: layernorm, sizes: { N: 8, D: 64 } }',
  },
  'composite-axis': {
    about: 'The axes of a composite slot `(G K)` are different, and each belongs to it once.',
    bad: 'inputs: { x: [N, (G G)] }',
    good: 'inputs: { x: [N, (G K)] }',
  },
  'claim-unknown': {
    about: '`backward` claims the gradient of an input or parameter, `dx` for `x`; other names in it are helpers that a claim reads.',
    bad: 'backward: { dy: dout }         # there is no y',
    good: 'backward: { dx: dout }',
  },
  'claim-axes': {
    about: 'A claimed gradient has the axes of the tensor that it is the gradient of.',
    bad: 'backward: { dgamma: dout * xhat }',
    good: 'backward: { dgamma: sum[N](dout * xhat) }',
  },
  'claim-wrong': {
    about: 'The claim is not equal to the gradient that was derived. A point at which the two differ is shown with both values.',
    bad: 'out: x^2\nbackward: { dx: x * dout }',
    good: 'out: x^2\nbackward: { dx: 2 * x * dout }',
  },
  'claim-unproven': {
    about: 'The claim could be neither proved nor refuted: at no point that was tried did both sides have a finite value.',
    bad: 'backward: { dx: dout * log(-1) }',
    good: 'backward: { dx: dout }',
  },
});
