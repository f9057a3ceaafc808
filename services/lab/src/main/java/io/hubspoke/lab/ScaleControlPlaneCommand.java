package io.hubspoke.lab;

import io.hubspoke.api.Json;
import io.hubspoke.apiserver.egress.EgressOptions;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.ControllerManager;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.pki.AtomicFile;
import io.hubspoke.runtime.Component;
import io.hubspoke.scheduler.Scheduler;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The control plane of {@code hubspoke scale}, in a process of its own, until its input ends. */
@Command(
    name = "control-plane",
    hidden = true,
    mixinStandardHelpOptions = true,
    description = "Runs apiserver, controller manager and scheduler until the input ends.",
    footer = {"", "Example:", "  hubspoke scale control-plane --dir lab"})
final class ScaleControlPlaneCommand implements Callable<Integer> {
  static final String BOOTSTRAP = "bootstrap-kubelet.kubeconfig";

  /** The token that is in it, by itself. */
  static final String TOKEN = "bootstrap-token";

  private static final Duration TOKEN_LIFE = Duration.ofHours(24);

  @Spec private CommandSpec spec;

  @Option(
      names = "--dir",
      required = true,
      paramLabel = "DIR",
      description = "Where certificates, keys and kubeconfig files go.")
  private Path directory;

  @Override
  public Integer call() throws Exception {
    var vertx = Component.vertx();
    try (var lock = DirectoryLock.of(directory);
        var claim = AddressClaim.large()) {
      start(vertx, LoopbackSite.of(vertx, claim));
      var out = spec.commandLine().getOut();
      out.println(
          Json.object()
              .put("block", claim.addresses().block())
              .put("server", claim.addresses().apiserverUrl()));
      out.flush();
      // What is in memory is nobody's once the nodes are gone: the process just ends.
      System.in.transferTo(OutputStream.nullOutputStream());
      return lock.held().isOpen() ? 0 : 1;
    }
  }

  private void start(Vertx vertx, Site site) throws Exception {
    var addresses = site.addresses();
    var files = ClusterFiles.write(directory, ControlPlaneEndpoints.of(addresses));
    var components =
        new MeshComponents(
            new MeshOptions(directory, 0, Posture.DEFAULT, Changes.NONE), addresses, files);
    new MeshApiserver(site, () -> components.apiserver(EgressOptions.NONE)).start();
    var admin = new ApiClient(vertx, files.client(addresses.apiserver(), files.admin()));
    Component.await(components.publication().publish(admin));
    var token = BootstrapToken.create(Instant.now().plus(TOKEN_LIFE));
    Component.await(admin.create(Resource.SECRETS, "kube-system", token.object()));
    files.bootstrapKubeconfig(BOOTSTRAP, components.nodeCluster(), token);
    AtomicFile.writePrivate(directory.resolve(TOKEN), token.value() + "\n");
    Component.await(admin.close());
    var controllers =
        List.of(
            vertx.deployVerticle(new ControllerManager(components.controllerManager())),
            vertx.deployVerticle(new Scheduler(components.scheduler())));
    Component.await(Future.all(controllers));
  }
}
