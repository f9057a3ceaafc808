package io.hubspoke.lab.bench;

/** What a process has used so far, as far as is known now. */
public interface ProcessUsage {
  /** Returns the CPU time of all its threads. */
  double cpuSeconds();

  long residentMegabytes();

  long peakMegabytes();
}
