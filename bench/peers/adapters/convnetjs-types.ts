/** What the adapter uses of convnetjs, which brings no types. */
export interface Vol {
  w: Float64Array;
  dw: Float64Array;
}

export interface Layer {
  forward(input: Vol, training: boolean): Vol;
  backward(): void;
}

export interface ConvLayer extends Layer {
  filters: Vol[];
  biases: Vol;
}

export interface Convnet {
  Vol: new (width: number, height: number, depth: number, value: number) => Vol;
  ConvLayer: new (options: Readonly<Record<string, number>>) => ConvLayer;
  PoolLayer: new (options: Readonly<Record<string, number>>) => Layer;
  DropoutLayer: new (options: Readonly<Record<string, number>>) => Layer;
}
