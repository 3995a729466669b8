// The chart of the last 24 hours, by Chart.js.

import { time } from './format.js';

let chart = null;

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function colorsOf(made) {
  const [ink, line] = [color('--soft'), color('--line')];
  for (const [index, name] of ['--sent', '--failed'].entries()) made.data.datasets[index].backgroundColor = color(name);
  Object.assign(made.data.datasets[2], { borderColor: color('--delayed'), backgroundColor: color('--delayed') });
  made.options.plugins.legend.labels.color = ink;
  for (const axis of Object.values(made.options.scales)) {
    axis.ticks.color = ink;
    axis.grid.color = line;
  }
}

export function draw(canvas, hours) {
  const labels = hours.map((hour) => time(hour.hour_start).slice(0, 5));
  const values = [(hour) => hour.figures.sent, (hour) => hour.figures.failed, (hour) => hour.figures.delayed].map((of) => hours.map(of));
  if (chart === null) {
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    chart = new Chart(canvas, {
      data: {
        labels,
        datasets: [
          { type: 'bar', label: 'sent', data: values[0], stack: 'ended' },
          { type: 'bar', label: 'failed', data: values[1], stack: 'ended' },
          { type: 'line', label: 'delayed by a limit', data: values[2], pointRadius: 2, borderWidth: 2 },
        ],
      },
      options: {
        maintainAspectRatio: false,
        animation: calm ? false : { duration: 300 },
        interaction: { mode: 'index', intersect: false },
        plugins: { legend: { labels: {} } },
        scales: { x: { stacked: true, ticks: {}, grid: {} }, y: { stacked: true, beginAtZero: true, ticks: { precision: 0 }, grid: {} } },
      },
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { colorsOf(chart); chart.update('none'); });
  } else {
    chart.data.labels = labels;
    values.forEach((data, index) => { chart.data.datasets[index].data = data; });
  }
  colorsOf(chart);
  chart.update(chart.data.datasets.some((set) => set.data.length > 0) ? undefined : 'none');
}
