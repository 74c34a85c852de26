// What Tint, the WGSL compiler of Dawn and Chromium, says of shaders, and what Dawn's device makes of their cases.
// It judges nothing: it reads a JSON list on standard input and says what came of each as JSON on standard output.
//   node tint.mjs WEBGPU-PACKAGE
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const { create, globals } = await import(pathToFileURL(join(resolve(process.argv[2]), 'index.js')));
const { GPUBufferUsage: Usage, GPUMapMode, GPUShaderStage, GPUTextureUsage: TextureUsage } = globals;

const instances = [];

async function open(backend, features) {
  // As our own runtime: a program that reads workgroup memory before it has written to it is wrong.
  const instance = create([`backend=${backend}`, 'enable-dawn-features=disable_workgroup_init']);
  // Dawn crashes where this is collected before its device.
  instances.push(instance);
  const adapter = await instance.requestAdapter();
  if (!adapter) return null;
  const requiredFeatures = features.filter((feature) => adapter.features.has(feature));
  return { device: await adapter.requestDevice({ requiredFeatures }), name: adapter.info.description };
}

// The result of `work`, or what went wrong in it as text.
async function attempt(device, work) {
  device.pushErrorScope('validation');
  device.pushErrorScope('internal');
  const [outcome] = await Promise.allSettled([work()]);
  const errors = [await device.popErrorScope(), await device.popErrorScope(), outcome.reason];
  const complaints = errors.filter((error) => error).map((error) => String(error.message ?? error));
  return { complaints, result: outcome.value ?? null };
}

function compile(device, { source, entry: entryPoint, constants, binds }) {
  const module = device.createShaderModule({ code: source });
  const entries = ['uniform', 'uniform', ...binds].map((type, binding) => ({
    binding,
    visibility: GPUShaderStage.COMPUTE,
    ...(type === 'texture' ? { texture: { sampleType: 'uint' } } : { buffer: { type } }),
  }));
  const group = device.createBindGroupLayout({ entries });
  const layout = device.createPipelineLayout({ bindGroupLayouts: [group] });
  const pipeline = device.createComputePipelineAsync({ layout, compute: { module, entryPoint, constants } });
  return { module, group, pipeline };
}

// Everything that the compiler has to say, warnings included.
async function judge(device, shader) {
  const said = [];
  const { complaints } = await attempt(device, async () => {
    const { module, pipeline } = compile(device, shader);
    // Waited for below, and not to be left alone until then.
    pipeline.catch(() => null);
    const { messages } = await module.getCompilationInfo();
    said.push(...messages.map((m) => `${m.type} in line ${m.lineNum}: ${m.message}`));
    await pipeline;
  });
  return [...said, ...complaints];
}

function filled(device, words, usage) {
  const size = words.length * 4;
  const buffer = device.createBuffer({ size, usage, mappedAtCreation: true });
  new Uint32Array(buffer.getMappedRange()).set(words);
  buffer.unmap();
  return buffer;
}

// The words as texels, in rows of 256. What is behind them in the last row is like the last word.
function texture(device, words) {
  const height = Math.ceil(words.length / 1024);
  const size = { width: 256, height };
  const usage = TextureUsage.TEXTURE_BINDING | TextureUsage.COPY_DST;
  const made = device.createTexture({ size, format: 'rgba32uint', usage });
  const whole = new Uint32Array(height * 1024).fill(words.at(-1));
  whole.set(words);
  device.queue.writeTexture({ texture: made }, whole, { bytesPerRow: 4096 }, size);
  return made;
}

// One dispatch; every buffer comes back, and for a texture the words that are in it.
async function play(device, { params, step, buffers, grid }, { group, pipeline }, binds) {
  const uniforms = [params, step].map((words) => filled(device, words, Usage.UNIFORM));
  const storage = buffers.map((words) => filled(device, words, Usage.STORAGE | Usage.COPY_SRC));
  const textures = buffers.map((words, i) => (binds[i] === 'texture' ? texture(device, words) : null));
  const resources = storage.map((buffer, i) => textures[i]?.createView() ?? { buffer });
  const entries = [...uniforms.map((buffer) => ({ buffer })), ...resources].map((resource, binding) => ({ binding, resource }));
  const bound = device.createBindGroup({ layout: group, entries });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(await pipeline);
  pass.setBindGroup(0, bound);
  pass.dispatchWorkgroups(...grid);
  pass.end();
  const back = storage.map(({ size }) => device.createBuffer({ size, usage: Usage.MAP_READ | Usage.COPY_DST }));
  storage.forEach((from, i) => encoder.copyBufferToBuffer(from, 0, back[i], 0, from.size));
  device.queue.submit([encoder.finish()]);
  const found = [];
  for (const buffer of back) {
    await buffer.mapAsync(GPUMapMode.READ);
    found.push([...new Uint32Array(buffer.getMappedRange())]);
  }
  [...uniforms, ...storage, ...textures, ...back].forEach((made) => made?.destroy());
  return found;
}

const shaders = JSON.parse(readFileSync(0, 'utf8'));
const needs = [...new Set(shaders.flatMap((shader) => shader.needs))];
// A device without a driver has every feature: Tint reads shaders there that no driver of this machine can run.
const reader = await open('null', needs);
const runner = await open('vulkan', needs);
const results = [];
for (const shader of shaders) {
  results.push({ complaints: await judge(reader.device, shader), adapter: null, buffers: null });
}
// All at once: the driver compiles for most of the time, and Dawn has threads for that.
const compiled = shaders.map((shader, i) => {
  const able = runner && shader.case && shader.needs.every((feature) => runner.device.features.has(feature));
  if (!able || results[i].complaints.length > 0) return null;
  const parts = compile(runner.device, shader);
  // Looked at when its turn has come.
  parts.pipeline.catch(() => null);
  return parts;
});
for (const [i, parts] of compiled.entries()) {
  if (!parts) continue;
  const { complaints, result } = await attempt(runner.device, () => play(runner.device, shaders[i].case, parts, shaders[i].binds));
  results[i] = { complaints, adapter: runner.name, buffers: result };
}
process.stdout.write(JSON.stringify(results), () => process.exit(0));
