/** What a stranger to the theory needs to know of a toy's pictures and scores. */

import type { ToyScene } from "./toymodel";

export function panelsOf(toy: ToyScene): { name: string; title: string; text: string }[] {
  const estimate = `kernel estimate from ${toy.num_fake.toLocaleString("en-US")} fakes, bandwidth ${Number(toy.bandwidth.toPrecision(3))}`;
  if (toy.dim === 1) {
    return [{
      name: "curves", title: "Densities and scores",
      text: `: blue: p_data, exact; orange: p_g, ${estimate}, and below it some fakes, with darts where the gradient of G's loss pushes them; thick: the learned D(x); dashed: the optimal D*(x), where there is mass.`,
    }];
  }
  return [
    { name: "learned", title: "Learned D(x)", text: ": blue where D says real, orange fake, white ½. Blue dots are real, orange ones generated. Darts: where the gradient of G's loss pushes the fakes." },
    { name: "best", title: "Optimal D*(x)", text: " = p_data / (p_data + p_g), faded out where neither has mass." },
    { name: "p_data", title: "p_data", text: ", exact, blurred by the same kernel as p_g. Darkness: cube root of the density." },
    { name: "p_g", title: "p_g", text: `, ${estimate}. Darkness as for p_data.` },
  ];
}

export function wordsOf(toy: ToyScene): { title: string; text: string[] }[] {
  const count = toy.num_fake.toLocaleString("en-US");
  const bandwidth = Number(toy.bandwidth.toPrecision(3));
  return [
    {
      title: "The optimal discriminator",
      text: [
        "The discriminator D(x) is the probability it gives to x being real. For a generator held still, whose samples have the density p_g, the best there can be is D*(x) = p_data(x) / (p_data(x) + p_g(x)): 1 where only data are, 0 where only fakes are, ½ where both are equally dense.",
        "The game is about V(D, G) = E log D(x) + E log(1 − D(G(z))), which D raises and G lowers. With D* in it, V = 2 JSD(p_data, p_g) − log 4, and the Jensen-Shannon divergence is never below 0 and 0 only where p_g = p_data. So −log 4 = −1.386 is the least that G can reach against the best D, and it is reached by p_g = p_data alone, with D* = ½ everywhere.",
        "A solid line at −log 4 is therefore no proof: the learned D may just be too weak to see a difference. How far the solid line lies below the dashed one is what D has not learned yet; the dashed one says how far G is from the data.",
      ],
    },
    {
      title: "How p_g and V are measured",
      text: [
        `p_data has a formula; p_g has none. It is estimated from ${count} fakes by a Gaussian kernel of standard deviation ${bandwidth} (σ = ${toy.sigma} is the width of a mode). Where the two are compared, in D* and in the JSD, p_data is blurred by the same kernel, so that the blur itself makes no difference; ${count} exact samples of p_data measure a JSD of ${toy.jsd_floor.toFixed(4)} in this way instead of 0.`,
        "V(D, G) is the mean over as many real and fake points. It and the JSD are estimates, so V can pass the dashed line by a little.",
        ...(toy.pairs ? ["This run's loss compares pairs of a real and a fake, which leaves a constant in D open; the one that makes V largest is added before anything is shown."] : []),
      ],
    },
  ];
}
