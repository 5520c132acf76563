/// <reference lib="dom" />
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { editAsOther } from "./demo_server.ts";
import { type Product, products } from "./shop.ts";

type ProductRecord = NonNullable<Awaited<ReturnType<typeof products.getValueRecord>>>;

export interface ProductFormProps {
  readonly id: string;
  readonly onClose: () => void;
}

/** A form of one product. What was changed on both sides is shown, and settled by the user. */
export function ProductForm({ id, onClose }: ProductFormProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const [record, setRecord] = useState<ProductRecord>();
  const [problem, setProblem] = useState<string>();
  const [, draw] = useState(0);
  const drawAgain = (): void => draw((before) => before + 1);
  useEffect(() => {
    dialog.current?.showModal();
    products.getValueRecord(id).then(setRecord, (error) => setProblem(error.message));
  }, [id]);
  const save = async (event?: FormEvent): Promise<void> => {
    event?.preventDefault();
    setProblem(undefined);
    try {
      await record?.save();
      onClose();
    } catch (error) {
      if (record?.conflict === undefined) setProblem(error instanceof Error ? error.message : String(error));
      drawAgain();
    }
  };
  const take = (how: "mine" | "theirs"): void => {
    record?.resolve(how);
    drawAgain();
    void save();
  };
  const set = (part: Partial<Product>): void => {
    if (record !== undefined) Object.assign(record.data, part);
    drawAgain();
  };
  return (
    <dialog ref={dialog} aria-labelledby="form-title" onClose={onClose}>
      <form onSubmit={(event) => void save(event)}>
        <h2 id="form-title">Product {id}</h2>
        {record !== undefined && (
          <>
            <label>
              Name
              <input value={record.data.name} onChange={({ currentTarget }) => set({ name: currentTarget.value })} />
            </label>
            <label>
              Price
              <input
                type="number"
                min={0}
                step="any"
                value={record.data.price}
                onChange={({ currentTarget }) => set({ price: currentTarget.valueAsNumber })}
              />
            </label>
            <label>
              In stock
              <input
                type="number"
                min={0}
                value={record.data.in_stock}
                onChange={({ currentTarget }) => set({ in_stock: currentTarget.valueAsNumber })}
              />
            </label>
            {record.conflict !== undefined && <Conflict conflict={record.conflict} onTake={take} />}
          </>
        )}
        {problem !== undefined && <p role="alert">{problem}</p>}
        <div className="actions">
          <button type="submit" disabled={record === undefined || record.conflict !== undefined}>Save</button>
          <button type="button" onClick={onClose}>Cancel</button>
          <button
            type="button"
            disabled={record === undefined}
            onClick={() => void editAsOther(id, { price: Math.round(Math.random() * 10_000) / 1_000 })}
          >
            Somebody else changes the price
          </button>
        </div>
      </form>
    </dialog>
  );
}

interface ConflictProps {
  readonly conflict: NonNullable<ProductRecord["conflict"]>;
  readonly onTake: (how: "mine" | "theirs") => void;
}

function Conflict({ conflict: { columns, base, mine, theirs }, onTake }: ConflictProps): ReactNode {
  const text = (row: object, column: string): string => String(Reflect.get(row, column));
  return (
    <div role="alert" className="conflict">
      <p>Somebody else has changed the same. Which counts?</p>
      <ul>
        {columns.map((column) => (
          <li key={column}>
            {column}: it was {text(base, column)}, yours is {text(mine, column)}, theirs is {text(theirs, column)}
          </li>
        ))}
      </ul>
      <button type="button" onClick={() => onTake("mine")}>Mine</button>{" "}
      <button type="button" onClick={() => onTake("theirs")}>Theirs</button>
    </div>
  );
}
