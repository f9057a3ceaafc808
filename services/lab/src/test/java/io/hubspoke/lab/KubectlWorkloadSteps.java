package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.util.List;

/** What people do with workloads, in the namespace that a session is in. */
record KubectlWorkloadSteps(KubectlSession kubectl) {

  /** Everything that {@code kubectl create} has a word for. */
  void creates() throws Exception {
    var own = kubectl.version();
    for (var command :
        List.of(
            "deployment web --image=hubspoke/echo --replicas=2 --port=8080",
            "job once --image=hubspoke/ticker",
            "cronjob nightly --image=hubspoke/ticker --schedule=@daily",
            "job now --from=cronjob/nightly",
            "ingress shop --rule=shop.example.com/*=web:80",
            "poddisruptionbudget web --selector=app=web --min-available=1",
            "priorityclass high-%s --value=1000".formatted(own),
            "quota few --hard=pods=50,services=10",
            "secret generic word --from-literal=w=secret",
            "secret docker-registry images --docker-username=a --docker-password=b",
            "configmap colors --from-literal=a=blue",
            "serviceaccount robot",
            "role reader --verb=get,list --resource=pods,deployments.apps",
            "rolebinding readers --role=reader --serviceaccount=work-%s:robot".formatted(own),
            "clusterrole part-%s --verb=get --resource=nodes,pods/log".formatted(own),
            "clusterrole all-%s --aggregation-rule=part=%s".formatted(own, own),
            "clusterrole url-%s --verb=get --non-resource-url=/x/*".formatted(own),
            "clusterrolebinding part-%s --clusterrole=part-%s --group=g".formatted(own, own),
            "service clusterip none --clusterip=None",
            "service externalname away --external-name=example.com",
            "service nodeport open --tcp=80:8080")) {
      // One that is older than policy/v1 and batch/v1 knows their betas alone.
      var beta = command.matches("(cronjob|poddisruptionbudget|job now) .*");
      if (beta && kubectl.minor() < 21) {
        continue;
      }
      var words = ("create " + command).split(" ");
      assertThat(kubectl.ok(words)).as(command).contains(" created");
    }
    if (kubectl.minor() < 21) {
      assertThat(kubectl.failed("create", "cronjob", "c", "--image=x", "--schedule=@daily"))
          .contains("could not find the requested resource");
    }
    assertThat(kubectl.ok("get", "role", "reader", "-o", "jsonpath={.rules[*].resources}"))
        .contains("pods", "deployments");
  }

  /** A Deployment's life, which its controller and a kubelet take part in. */
  void rollsOut() throws Exception {
    rolledOut();
    assertThat(kubectl.ok("rollout", "history", "deployment/web"))
        .containsPattern("(?m)^1 +<none>$")
        .doesNotContainPattern("(?m)^2 ");
    assertThat(kubectl.ok("scale", "deployment/web", "--replicas=3")).contains("scaled");
    assertThat(kubectl.failed("scale", "deployment/web", "--current-replicas=2", "--replicas=5"))
        .contains("xpected replicas to be 2, was 3");
    assertThat(kubectl.ok("autoscale", "deployment/web", "--max=5", "--cpu-percent=80"))
        .contains("autoscaled");
    assertThat(kubectl.ok("set", "image", "deployment/web", "echo=hubspoke/pause"))
        .contains("image updated");
    rolledOut();
    assertThat(kubectl.ok("rollout", "history", "deployment/web", "--revision=2"))
        .containsPattern("Image:\\s+hubspoke/pause");
    assertThat(kubectl.ok("rollout", "undo", "deployment/web")).contains("rolled back");
    rolledOut();
    assertThat(kubectl.ok("rollout", "history", "deployment/web"))
        .containsPattern("(?m)^2 ")
        .containsPattern("(?m)^3 ")
        .doesNotContainPattern("(?m)^1 ");
    assertThat(kubectl.ok("set", "env", "deployment/web", "COLOR=red")).contains("env updated");
    assertThat(kubectl.ok("set", "resources", "deployment/web", "--limits=cpu=100m"))
        .contains("resource requirements updated");
    assertThat(kubectl.ok("expose", "deployment/web", "--port=80", "--target-port=8080"))
        .contains("service/web exposed");
    assertThat(kubectl.ok("rollout", "pause", "deployment/web")).contains("paused");
    assertThat(kubectl.failed("rollout", "restart", "deployment/web"))
        .contains("can't restart paused deployment");
    assertThat(kubectl.ok("rollout", "resume", "deployment/web")).contains("resumed");
    assertThat(kubectl.ok("rollout", "restart", "deployment/web")).contains("restarted");
    edits();
    rolledOut();
    assertThat(kubectl.ok("get", "deployment", "web", "-o", "wide").lines().toList().getLast())
        .matches("web +4/4 +4 +4 +\\S+ +echo +hubspoke/echo +app=web");
    assertThat(kubectl.ok("describe", "deployment", "web"))
        .containsPattern("COLOR: +red")
        .containsPattern("cpu: +100m")
        .contains("restartedAt")
        .containsPattern("Replicas: +4 desired \\| 4 updated \\| 4 total \\| 4 available");
  }

  private void rolledOut() throws Exception {
    assertThat(kubectl.ok("rollout", "status", "deployment/web", "--timeout=50s"))
        .contains("deployment \"web\" successfully rolled out");
  }

  private void edits() throws Exception {
    var editor = kubectl.home().resolve("editor.sh");
    Files.writeString(editor, "#!/bin/sh\nsed -i 's/  replicas: 3/  replicas: 4/' \"$1\"\n");
    assertThat(editor.toFile().setExecutable(true)).isTrue();
    assertThat(kubectl.edits(editor, "deployment/web")).contains("web edited");
  }

  /** A pod that a kubelet runs. */
  void runs() throws Exception {
    assertThat(kubectl.ok("run", "p", "--image=hubspoke/echo", "--restart=Never", "--labels=a=b"))
        .isEqualTo("pod/p created\n");
    assertThat(kubectl.ok("wait", "--for=condition=Ready", "pod", "-l", "a=b", "--timeout=30s"))
        .isEqualTo("pod/p condition met\n");
    assertThat(
            kubectl.ok(
                "get",
                "pods",
                "--selector=a=b",
                "--field-selector=status.phase=Running",
                "-o",
                "custom-columns=NAME:.metadata.name,NODE:.spec.nodeName"))
        .matches("NAME +NODE\np +node-1\n");
    assertThat(kubectl.ok("get", "events", "--field-selector=reason=Started"))
        .containsPattern("LAST SEEN +TYPE +REASON +OBJECT +MESSAGE")
        .containsPattern("Normal +Started +pod/p +Started container p");
    // "kubectl events" is there since 1.26, and counts by the newer group.
    if (kubectl.minor() > 25) {
      assertThat(kubectl.ok("events", "--for", "pod/p"))
          .containsPattern("Normal +Scheduled +Pod/p +Successfully assigned \\S+/p to node-1");
    }
    assertThat(kubectl.ok("get", "pods,services", "-o", "name").lines())
        .contains("pod/p", "service/web");
    assertThat(kubectl.ok("delete", "pod", "p", "--now")).contains("pod \"p\" deleted");
  }
}
