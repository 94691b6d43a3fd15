//! Which status, text and detail each refusal becomes.

use super::*;

fn told(refusal: &Refusal) -> (Code, String, Vec<String>) {
    let status = of_refusal(refusal);
    let whole = rpc::Status::decode(status.details()).unwrap_or_default();
    let details = whole.details.iter().map(|detail| detail.type_url.clone()).collect();
    (status.code(), status.message().to_owned(), details)
}

#[test]
fn a_detail_names_its_type_in_full() {
    let (code, message, details) = told(&Refusal::NamespaceNotFound("shop".into()));
    assert_eq!((code, message.as_str()), (Code::NotFound, "Namespace shop is not found."));
    assert_eq!(details, ["type.googleapis.com/temporal.api.errordetails.v1.NamespaceNotFoundFailure"]);
}

#[test]
fn faults_of_ours_are_masked() {
    let (code, message, _) = told(&Refusal::Internal("the secret".into()));
    assert_eq!(code, Code::Internal);
    assert!(message.starts_with("something went wrong, please retry ("), "{message}");
    assert!(!message.contains("secret"));
}

#[test]
fn long_texts_are_cut_between_characters() {
    let (_, message, _) = told(&Refusal::InvalidArgument("ä".repeat(3000)));
    assert_eq!(message.len(), 3999);
    assert!(message.ends_with("ä... <truncated>"), "{message}");
    let (_, message, _) = told(&Refusal::InvalidArgument(format!("x{}", "ä".repeat(3000))));
    assert_eq!(message.len(), 4000);
}

#[test]
fn a_multi_operation_has_the_code_of_the_operation_that_failed_by_itself() {
    let aborted = || Some(Refusal::MultiOperationAborted("Operation was aborted.".into()));
    let cases = [
        (vec![aborted(), Some(Refusal::invalid("bad"))], Code::InvalidArgument),
        (vec![Some(Refusal::not_found("none")), aborted()], Code::NotFound),
        (vec![None, Some(Refusal::not_found("none"))], Code::NotFound),
        (vec![aborted(), aborted()], Code::Aborted),
    ];
    for (statuses, expected) in cases {
        let (code, message, details) =
            told(&Refusal::MultiOperation { message: "failed".into(), statuses: statuses.clone() });
        assert_eq!((code, message.as_str(), details.len()), (expected, "failed", 1));
        let status = of_refusal(&Refusal::MultiOperation { message: "failed".into(), statuses });
        let whole = rpc::Status::decode(status.details()).expect("it was just encoded");
        let detail = details::MultiOperationExecutionFailure::decode(whole.details[0].value.as_slice());
        assert_eq!(detail.expect("it was just encoded").statuses.len(), 2);
    }
}

#[test]
fn peers_that_can_be_asked_again_are_unavailable() {
    for error in [PeerError::Busy("b".into()), PeerError::Lost("l".into()), PeerError::Unknown("u".into())] {
        assert_eq!(of(&error).code(), Code::Unavailable);
    }
}
