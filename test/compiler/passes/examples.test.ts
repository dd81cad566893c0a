import { describe, expect, it } from 'vitest';
import { foldChannelOrder } from '../../../src/compiler/passes/channel-order.ts';
import { foldConstants } from '../../../src/compiler/passes/constants.ts';
import { foldAffineAfter } from '../../../src/compiler/passes/fold-after.ts';
import { foldAffineBefore } from '../../../src/compiler/passes/fold-before.ts';
import { foldBlocks } from '../../../src/compiler/passes/fold-blocks.ts';
import { foldPads } from '../../../src/compiler/passes/fold-pads.ts';
import { removeIdentities } from '../../../src/compiler/passes/identities.ts';
import { raiseTransposes } from '../../../src/compiler/passes/raise-transposes.ts';
import { settleShapes } from '../../../src/compiler/passes/settle-shapes.ts';
import { simplify } from '../../../src/compiler/passes/simplify.ts';
import { netOf, ops, PictureNet } from './random-net.ts';

/** The operators that are left, without the Identity that names the output. */
const left = (graph: Parameters<typeof ops>[0]) => ops(graph).slice(0, -1);

describe('after a convolution', () => {
  it.each(['conv', 'depthwise', 'deconv', 'pointwise'])('scales and shifts become part of %s', (layer) => {
    const net = netOf([layer, 'norm', 'mul', 'add', 'div', 'sub', 'from']);
    expect(left(foldAffineAfter(net))).toEqual([layer === 'deconv' ? 'ConvTranspose' : 'Conv']);
  });

  it('they stay where something else reads what is between', () => {
    expect(left(foldAffineAfter(netOf(['conv', 'residual'])))).toEqual(['Conv', 'Relu', 'Add']);
    const net = new PictureNet(1);
    const conv = net.conv({ name: 'x', channels: 3, size: 8 }, 3, 1);
    const sum = net.builder.add('Add', [net.channelwise('Mul', conv).name, conv.name]);
    const graph = net.build({ ...conv, name: sum }, { name: 'x', channels: 3, size: 8 });
    expect(left(foldAffineAfter(graph))).toEqual(['Conv', 'Mul', 'Add']);
  });
});

describe('before a convolution', () => {
  it.each(['valid', 'pointwise'])('scales and shifts become part of %s', (layer) => {
    expect(left(foldAffineBefore(netOf(['norm', 'mul', 'add', layer])))).toEqual(['Conv']);
  });

  it('scales become part of a padded one, and shifts the number that means zero', () => {
    expect(left(foldAffineBefore(netOf(['norm', 'mul', 'add', 'conv'])))).toEqual(['Sub', 'Conv']);
    expect(left(foldAffineBefore(netOf(['mul', 'conv'])))).toEqual(['Conv']);
    expect(left(foldAffineBefore(netOf(['mul', 'depthwise'])))).toEqual(['Conv']);
    expect(left(foldAffineBefore(netOf(['mul', 'deconv'])))).toEqual(['ConvTranspose']);
  });
});

it('pads become part of what reads them, where they mean the same', () => {
  expect(left(foldPads(netOf(['padConv'])))).toEqual(['Conv']);
  expect(left(foldPads(netOf(['padAverage'])))).toEqual(['AveragePool']);
  // Zeros are no neutral padding of a maximum, unless nothing is less than zero.
  expect(left(foldPads(netOf(['padMax'])))).toEqual(['Pad', 'MaxPool']);
  expect(left(foldPads(netOf(['relu', 'padMax'])))).toEqual(['Relu', 'MaxPool']);
});

it('a focus becomes one convolution', () => {
  const net = netOf(['focus']);
  expect(ops(net).filter((op) => op === 'Slice')).toHaveLength(8);
  expect(left(foldBlocks(net))).toEqual(['Conv']);
});

it('an order of channels becomes one of weights, on its way past scales and shifts', () => {
  expect(left(foldChannelOrder(netOf(['shuffled', 'mul', 'add', 'conv'])))).toEqual(['Mul', 'Add', 'Conv']);
  expect(left(foldChannelOrder(netOf(['shuffled', 'depthwise'])))).toEqual(['Gather', 'Conv']);
});

it('transposes meet and cancel, and stay where there is none to meet', () => {
  const graph = netOf(['there', 'there']);
  expect(ops(removeIdentities(raiseTransposes(graph)))).toEqual(['Sigmoid', 'Sigmoid']);
  const net = new PictureNet(1);
  const input = { name: 'x', channels: 3, size: 8 };
  const one = net.build(net.there(net.op('Relu', net.conv(input, 3, 1))), input);
  expect(left(raiseTransposes(one))).toEqual(['Conv', 'Relu', 'Transpose']);
});

it('nodes that do nothing go', () => {
  expect(ops(removeIdentities(netOf(['identity', 'dropout', 'relu', 'identity'])))).toEqual(['Relu']);
  expect(ops(removeIdentities(netOf(['identity', 'dropout'])))).toEqual(['Identity']);
});

it('arithmetic on shapes is done', () => {
  expect(left(settleShapes(netOf(['reshaped'])))).toEqual(['Reshape', 'Reshape']);
  expect(left(settleShapes(netOf(['reshaped'], 1, 8, 2)))).toEqual(['Reshape', 'Reshape']);
});

it('what depends on constants alone is computed', async () => {
  expect(left(await foldConstants(netOf(['constant'])))).toEqual(['Add']);
});

it('all of them together leave little', async () => {
  const net = netOf([
    'identity',
    'shuffled',
    'mul',
    'sub',
    'focus',
    'norm',
    'dropout',
    'relu',
    'reshaped',
    'padConv',
    'norm',
  ]);
  expect(ops(await simplify(net))).toEqual(['Sub', 'Conv', 'Relu', 'Reshape', 'Reshape', 'Conv']);
});
