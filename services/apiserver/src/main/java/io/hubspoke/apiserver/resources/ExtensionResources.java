package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.TypeBuilder.type;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import java.util.List;
import java.util.Set;

/**
 * The resources by which a real apiserver is extended, and the deprecated one that tells of its
 * components. They are listed and watched, and there are none: this server has no extensions.
 */
public final class ExtensionResources {
  private static final Set<String> READ = Set.of("get", "list", "watch");
  private static final String ADMISSION = "admissionregistration.k8s.io";
  private static final String WEBHOOKS = "admission webhooks";
  private static final String POLICIES = "admission policies";

  static final List<Resource> ALL =
      List.of(
          type("", "ComponentStatus", "componentstatuses", false)
              .alias("cs")
              .verbs(Set.of("get", "list"))
              .with(new UnservedStrategy("component statuses"), componentStatuses()),
          extension(ADMISSION, "MutatingWebhookConfiguration", WEBHOOKS, webhooks()),
          extension(ADMISSION, "ValidatingAdmissionPolicy", POLICIES, policies()),
          extension(ADMISSION, "ValidatingAdmissionPolicyBinding", POLICIES, policyBindings()),
          extension(ADMISSION, "ValidatingWebhookConfiguration", WEBHOOKS, webhooks()),
          type(
                  "apiextensions.k8s.io",
                  "CustomResourceDefinition",
                  "customresourcedefinitions",
                  false)
              .alias("crd", "crds")
              .category("api-extensions")
              .verbs(READ)
              .with(new UnservedStrategy("custom resources"), created()));

  private ExtensionResources() {}

  private static Resource extension(String group, String kind, String what, TableColumns columns) {
    String lower = kind.toLowerCase(java.util.Locale.ROOT);
    String plural =
        lower.endsWith("y") ? lower.substring(0, lower.length() - 1) + "ies" : lower + "s";
    return type(group, kind, plural, false)
        .category("api-extensions")
        .verbs(READ)
        .with(new UnservedStrategy(what), columns);
  }

  private static TableColumns componentStatuses() {
    return ColumnList.named()
        .text("Status", "Whether it is healthy.", o -> "")
        .text("Message", "What it says.", o -> "")
        .text("Error", "What is wrong.", o -> "");
  }

  private static TableColumns webhooks() {
    return ColumnList.named()
        .number("Webhooks", "How many webhooks it has.", 0, o -> o.path("webhooks").size())
        .age();
  }

  private static TableColumns policies() {
    return ColumnList.named()
        .number(
            "Validations",
            "How many rules it has.",
            0,
            o -> o.path("spec").path("validations").size())
        .text("ParamKind", "What its parameters are.", o -> "<unset>")
        .age();
  }

  private static TableColumns policyBindings() {
    return ColumnList.named()
        .text("PolicyName", "Which policy it binds.", o -> text(o, "policyName"))
        .text("ParamRef", "Which parameters it gives.", o -> "<unset>")
        .age();
  }

  private static TableColumns created() {
    return ColumnList.named()
        .text("Created At", "When it was created.", o -> Meta.text(o, "creationTimestamp"));
  }

  private static String text(ObjectNode object, String field) {
    return object.path("spec").path(field).asText("");
  }
}
