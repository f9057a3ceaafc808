package io.hubspoke.apiserver;

import io.hubspoke.apiserver.admission.Admission;
import io.hubspoke.apiserver.admission.CertificateApproval;
import io.hubspoke.apiserver.admission.CertificateSigning;
import io.hubspoke.apiserver.admission.CertificateSubjectRestriction;
import io.hubspoke.apiserver.admission.DefaultClasses;
import io.hubspoke.apiserver.admission.NodeRestriction;
import io.hubspoke.apiserver.admission.Priority;
import io.hubspoke.apiserver.admission.RoleEscalation;
import io.hubspoke.apiserver.admission.RuntimeClass;
import io.hubspoke.apiserver.admission.ServiceAccountAdmission;
import io.hubspoke.apiserver.authz.Authorizer;
import io.hubspoke.apiserver.registry.Lister;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;

/** The admission plugins that are built in, by the names that flags have for them. */
final class AdmissionPlugins {
  private AdmissionPlugins() {}

  /**
   * Returns those that are always on and those that are named.
   *
   * @throws IllegalArgumentException when a name is not known
   */
  static Admission builtIn(Vertx vertx, Lister lister, Authorizer authorizer, List<String> names) {
    List<Admission> plugins =
        new ArrayList<>(
            List.of(
                new CertificateApproval(authorizer),
                new CertificateSigning(authorizer),
                new CertificateSubjectRestriction(),
                new RoleEscalation(authorizer, lister),
                new Priority(lister),
                new RuntimeClass(lister),
                new DefaultClasses(lister)));
    for (String name : names) {
      switch (name) {
        case "NodeRestriction" -> plugins.add(new NodeRestriction(lister, authorizer));
        case "ServiceAccount" -> plugins.addFirst(new ServiceAccountAdmission(vertx, lister));
        case "MutatingAdmissionWebhook", "ValidatingAdmissionWebhook" -> {
          // Around all others.
        }
        case "CertificateApproval",
            "CertificateSigning",
            "CertificateSubjectRestriction",
            "DefaultIngressClass",
            "DefaultStorageClass",
            "NamespaceLifecycle",
            "Priority",
            "RuntimeClass" -> {
          // Always on, as they are by default in the real apiserver.
        }
        default ->
            throw new IllegalArgumentException(
                "--enable-admission-plugins: \""
                    + name
                    + "\" is not known, expected CertificateApproval, CertificateSigning,"
                    + " CertificateSubjectRestriction, DefaultIngressClass, DefaultStorageClass,"
                    + " MutatingAdmissionWebhook, NamespaceLifecycle, NodeRestriction, Priority,"
                    + " RuntimeClass, ServiceAccount or ValidatingAdmissionWebhook");
      }
    }
    return Admission.chain(plugins);
  }
}
