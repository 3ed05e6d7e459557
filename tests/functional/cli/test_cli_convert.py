from __future__ import annotations

import os
from pathlib import Path

import yaml
from support.commands import EXAMPLES, ingressd


def test_legacy_ingresses_become_v1_and_mean_the_same() -> None:
    legacy = EXAMPLES / "legacy"
    result = ingressd("convert", legacy)
    assert result.exit_code == 0
    documents = list(yaml.safe_load_all(result.output))
    assert {document["apiVersion"] for document in documents} == {"networking.k8s.io/v1", "v1"}
    again = ingressd("routes", "--manifests", "-", input=result.output)
    assert again.output == ingressd("routes", "--manifests", legacy).output


def test_other_documents_keep_their_comments(tmp_path: Path) -> None:
    text = "# first\nkind: Service\napiVersion: v1\nmetadata: {name: a}  # why\n"
    (tmp_path / "a.yaml").write_text(f"---\n{text}---\n{text}")
    result = ingressd("convert", tmp_path)
    assert result.output == f"{text}---\n{text}"


def test_stdin() -> None:
    assert ingressd("convert", "-", input="kind: Service\n").output == "kind: Service\n"


def test_a_broken_document_is_passed_on_and_told() -> None:
    result = ingressd("convert", "-", input="kind: [\n")
    assert result.exit_code == 1
    assert result.stdout == "kind: [\n"
    assert "stdin: printed as it is" in result.stderr


def test_a_missing_file_is_unusable() -> None:
    assert ingressd("convert", "no-such-file").exit_code == 2
    assert ingressd("convert").exit_code == 2


def test_a_pipe_in_a_folder_is_unusable_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kind: Service\n")
    os.mkfifo(tmp_path / "b.yaml")
    result = ingressd("convert", tmp_path)
    assert result.exit_code == 2
    assert "b.yaml: is a named pipe" in result.stderr
    assert result.stdout == ""
