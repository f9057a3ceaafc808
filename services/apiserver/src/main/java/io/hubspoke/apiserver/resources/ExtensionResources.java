package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.TypeBuilder.type;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The resources by which an apiserver is extended, and the deprecated one that tells of its
 * components. Of those but webhooks there are none: they are listed and watched alone.
 */
public final class ExtensionResources {
  private static final Set<String> READ = Set.of("get", "list", "watch");
  private static final String ADMISSION = "admissionregistration.k8s.io";
  private static final String POLICIES = "admission policies";

  public static final Resource MUTATING_WEBHOOKS = webhooks("Mutating", true);
  public static final Resource VALIDATING_WEBHOOKS = webhooks("Validating", false);

  static final List<Resource> ALL =
      List.of(
          type("", "ComponentStatus", "componentstatuses", false)
              .alias("cs")
              .verbs(Set.of("get", "list"))
              .with(new UnservedStrategy("component statuses"), componentStatuses()),
          MUTATING_WEBHOOKS,
          extension(ADMISSION, "ValidatingAdmissionPolicy", POLICIES, policies()),
          extension(ADMISSION, "ValidatingAdmissionPolicyBinding", POLICIES, policyBindings()),
          VALIDATING_WEBHOOKS,
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
    String lower = kind.toLowerCase(Locale.ROOT);
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

  private static Resource webhooks(String which, boolean mutating) {
    String kind = which + "WebhookConfiguration";
    return type(ADMISSION, kind, kind.toLowerCase(Locale.ROOT) + "s", false)
        .category("api-extensions")
        .with(
            new WebhookConfigurationStrategy(mutating),
            ColumnList.named()
                .number("Webhooks", "How many webhooks it has.", 0, o -> o.path("webhooks").size())
                .age());
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
