package io.hubspoke.lab.audit;

import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.wire.Alteration;

/** A line of a pod's log that somebody in the middle makes up. */
record ForgedLog(Probe admin, String url, String forged) implements Deception {
  static ForgedLog of(Mesh mesh, Probe admin, String pod, String forged) {
    return new ForgedLog(admin, Workload.url(mesh, pod) + "/log?tailLines=1", forged);
  }

  @Override
  public Alteration alteration() {
    return new Alteration.Answer(forged + "\n");
  }

  @Override
  public Received call() throws InterruptedException {
    var answer = admin.get(url);
    return new Received(
        answer.brief(), answer.body().equals(forged + "\n"), answer.status() >= 500);
  }
}
