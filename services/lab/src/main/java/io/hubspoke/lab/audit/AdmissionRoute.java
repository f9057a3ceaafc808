package io.hubspoke.lab.audit;

import io.hubspoke.client.Resource;
import io.hubspoke.lab.Egress;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.Meshes;
import io.hubspoke.lab.wire.Alteration;
import io.hubspoke.pki.CertificateProfile;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * W1: the apiserver asks an admission webhook, a pod behind a service, before it writes ("Dynamic
 * Admission Control"). It verifies the webhook by the configuration's {@code caBundle} and the
 * service's name, and by default shows no credentials.
 */
public final class AdmissionRoute implements Route {
  private final Egress egress;

  public AdmissionRoute(Egress egress) {
    this.egress = egress;
  }

  @Override
  public String id() {
    return "W1";
  }

  @Override
  public String title() {
    return "apiserver to a webhook's service";
  }

  @Override
  public Posture posture() {
    return Posture.DEFAULT;
  }

  @Override
  public Meshes.Kind mesh() {
    return new Meshes.Kind(posture(), egress);
  }

  @Override
  public String egress() {
    return egress.toString();
  }

  @Override
  public Map<Property, Boolean> expectation() {
    return Map.of(
        Property.REACHABLE, true,
        Property.ENCRYPTED, true,
        Property.SERVER_VERIFIED, true,
        Property.CLIENT_AUTHENTICATED, false,
        Property.AUTHORIZED, true,
        Property.PATH, true);
  }

  @Override
  public Map<Property, Verdict> measure(Mesh mesh) throws Exception {
    var verdicts = new EnumMap<Property, Verdict>(Property.class);
    var canary = Checks.canary();
    // Its name is no secret: it is the name of the server, which TLS says in clear.
    var hook = AdmissionHook.serve(mesh, Checks.canary());
    var way = Way.to(mesh, hook.wire(), false);
    try (var admin = Probe.as(mesh, mesh.adminIdentity())) {
      verdicts.put(Property.AUTHORIZED, authorized(mesh, hook));
      var recording = way.tap();
      verdicts.put(Property.REACHABLE, reachable(mesh, admin, hook, canary));
      verdicts.put(Property.ENCRYPTED, way.encrypted(recording, canary));
      verdicts.put(Property.PATH, way.path());
      way.release();
      verdicts.put(Property.CLIENT_AUTHENTICATED, authenticated(mesh, hook));
      verdicts.put(
          Property.SERVER_VERIFIED,
          way.serverVerified(
              List.of(new ForgedReview(mesh, admin, hook, Checks.canary(), Checks.canary())),
              true));
      return verdicts;
    } finally {
      way.end();
      hook.close();
    }
  }

  private static String url(Mesh mesh, String query) {
    return mesh.addresses().apiserverUrl()
        + Resource.CONFIG_MAPS.collectionPath(Workload.NAMESPACE)
        + query;
  }

  /** The webhook changes what is made, and refuses what it is to refuse. */
  private static Verdict reachable(Mesh mesh, Probe admin, AdmissionHook hook, String canary)
      throws Exception {
    var evidence = Checks.evidence();
    var denied = admin.post(url(mesh, ""), refused(hook, "for " + canary));
    evidence.put("denied", denied.brief("denied the request"));
    var made = admin.post(url(mesh, ""), hook.subject(canary).toString());
    evidence.put("changed", made.brief("hubspoke.io/reviewed"));
    return Verdict.of(
        denied.status() == 403
            && denied.body().contains("denied the request: for " + canary)
            && made.status() == 201
            && made.body().contains("\"hubspoke.io/reviewed\":\"yes\""),
        evidence);
  }

  private static String refused(AdmissionHook hook, String why) {
    var map = hook.subject(why);
    map.withObject("/metadata/annotations").put("hubspoke.io/deny", why);
    return map.toString();
  }

  /** Who may name a webhook is asked of everything that is written: administrators alone may. */
  private static Verdict authorized(Mesh mesh, AdmissionHook hook) throws Exception {
    var evidence = Checks.evidence();
    var configurations =
        mesh.addresses().apiserverUrl()
            + "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    var nobody = mesh.issue(CertificateProfile.client("nobody", List.of(), Duration.ofHours(1)));
    try (var stranger = Probe.as(mesh, nobody)) {
      var answer = stranger.post(configurations, hook.configuration("Validating", "/").toString());
      evidence.put("userWithoutRights", answer.brief());
      hook.register();
      return Verdict.of(answer.status() == 403, evidence.put("administrator", "may"));
    }
  }

  /** Nothing that it is sent says to the webhook who sends it: whoever is near may ask it. */
  private static Verdict authenticated(Mesh mesh, AdmissionHook hook) throws Exception {
    try (var stranger = Probe.anonymous(mesh)) {
      var answer =
          stranger.post(
              hook.directUrl(),
              "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\","
                  + "\"request\":{\"uid\":\"of-a-stranger\"}}");
      return Verdict.of(
          !answer.body().contains("of-a-stranger"),
          Checks.evidence().put("strangerOnTheNetwork", answer.brief()));
    }
  }

  /** A refusal in which another reason stands. */
  private record ForgedReview(
      Mesh mesh, Probe admin, AdmissionHook hook, String truth, String forged)
      implements Deception {
    @Override
    public Alteration alteration() {
      return new Alteration.Replace(truth, forged);
    }

    @Override
    public Received call() throws InterruptedException {
      var answer = admin.post(url(mesh, "?dryRun=All"), refused(hook, truth));
      return new Received(
          answer.brief(forged), answer.body().contains(forged), answer.status() >= 500);
    }
  }
}
