package io.hubspoke.lab;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Only the wire connects components, so no service may even see another one's classes. */
class ModulesTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.hubspoke");

  private static final List<String> SERVICES =
      List.of(
          "apiserver",
          "controllermanager",
          "scheduler",
          "kubelet",
          "kubeproxy",
          "sshd",
          "konnectivity.server",
          "konnectivity.agent");
  private static final String[] SHARED =
      Stream.of("api", "pki", "tokens", "runtime", "cluster", "client", "streams", "tunnel")
          .map(module -> "io.hubspoke." + module + "..")
          .toArray(String[]::new);

  @Test
  void noServiceDependsOnAnotherService() {
    for (var service : SERVICES) {
      var others =
          Stream.concat(SERVICES.stream(), Stream.of("lab"))
              .filter(other -> !other.equals(service))
              .map(other -> "io.hubspoke." + other + "..")
              .toArray(String[]::new);
      noClasses()
          .that()
          .resideInAPackage("io.hubspoke." + service + "..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(others)
          .because("a component reaches another one only through its protocol")
          .allowEmptyShould(true)
          .check(CLASSES);
    }
  }

  @Test
  void sharedModulesKnowNoService() {
    noClasses()
        .that()
        .resideInAnyPackage(SHARED)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            Stream.concat(SERVICES.stream(), Stream.of("lab"))
                .map(service -> "io.hubspoke." + service + "..")
                .toArray(String[]::new))
        .check(CLASSES);
  }

  @Test
  void sharedModulesDependOnEachOtherWithoutCycles() {
    slices()
        .matching("io.hubspoke.(api|pki|tokens|runtime|cluster|client|streams|tunnel)..")
        .should()
        .beFreeOfCycles()
        .check(CLASSES);
  }

  @Test
  void theWireKnowsNothingOfKubernetes() {
    noClasses()
        .that()
        .resideInAPackage("io.hubspoke.lab.wire..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.hubspoke.api..", "io.hubspoke.client..", "io.hubspoke.pki..")
        .check(CLASSES);
  }

  @Test
  void theRuleSeesADependencyThatIsThere() {
    assertThat(CLASSES).isNotEmpty();
    assertThatThrownBy(
            () ->
                classes()
                    .that()
                    .haveSimpleName("ForeignAuthority")
                    .should()
                    .onlyDependOnClassesThat()
                    .resideOutsideOfPackage("io.hubspoke.pki..")
                    .check(CLASSES))
        .isInstanceOf(AssertionError.class);
  }
}
